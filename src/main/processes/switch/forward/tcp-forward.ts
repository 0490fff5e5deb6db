import { createServer, type Server, type Socket } from 'node:net';
import type { Forward } from '@shared/network/config';
import { HostStream, type HostStreams } from '../nat/host-stream';
import type { TcpStack } from '../tcp/stack';
import type { FindTarget, ForwardTarget } from './forwards';

const firstPort = 32_768;
const lastPort = 65_535;
/** Connections that one forward carries at a time. */
const maxConnections = 1024;

/** Listens on the host and passes each connection on to a guest, which sees the gateway as the other end. */
export class TcpForward {
  private readonly server: Server;
  private nextPort = firstPort;

  constructor(
    private readonly forward: Forward,
    private readonly gateway: number,
    private readonly stack: TcpStack,
    private readonly target: FindTarget,
    private readonly streams: HostStreams,
  ) {
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) =>
      this.accept(socket),
    );
    this.server.maxConnections = maxConnections;
  }

  /** @throws the errors of `node:net` when the port cannot be had */
  listen(): Promise<void> {
    const { hostAddress, hostPort } = this.forward;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host: hostAddress, port: hostPort, exclusive: true }, () => {
        this.server.off('error', reject);
        // Later errors concern single connections that could not be accepted; they are the caller's to see.
        this.server.on('error', () => {});
        resolve();
      });
    });
  }

  /** Connections that are open go on. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => {});
      resolve();
    });
  }

  private accept(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    this.target(socket.remoteAddress ?? '', (guest) => {
      if (!guest || socket.destroyed) {
        socket.resetAndDestroy();
        return;
      }
      const flow = {
        guest,
        guestPort: this.forward.guestPort,
        remote: this.gateway,
        remotePort: this.freePort(guest),
      };
      const opened = this.stack.connect(flow, (connection) => {
        const stream = new HostStream(connection, socket, this.streams);
        socket.on('data', (data: Buffer) => {
          if (!stream.take(data)) socket.pause();
        });
        // Whoever listens to data makes it flow; it is to wait for the guest.
        socket.pause();
        return stream;
      });
      if (!opened) socket.resetAndDestroy();
    });
  }

  private freePort(guest: ForwardTarget): number {
    for (let tried = firstPort; tried <= lastPort; tried++) {
      const port = this.nextPort;
      this.nextPort = port === lastPort ? firstPort : port + 1;
      const flow = { guest, guestPort: this.forward.guestPort, remote: this.gateway, remotePort: port };
      if (!this.stack.isUsed(flow)) return port;
    }
    return firstPort;
  }
}
