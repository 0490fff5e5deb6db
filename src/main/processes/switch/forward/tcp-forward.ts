import { createServer, type Server, type Socket } from 'node:net';
import type { Forward } from '@shared/network/config';
import { HostStream, type HostStreams } from '../nat/host-stream';
import type { TcpStack } from '../tcp/stack';
import type { FindTarget } from './forwards';
import { GatewayPorts } from './gateway-ports';
import { listenAt } from './listen';

/** Connections that one forward carries at a time. */
const maxConnections = 1024;

/** Listens on the host and passes each connection on to a guest, which sees the gateway as the other end. */
export class TcpForward {
  private readonly server: Server;
  private readonly ports = new GatewayPorts();

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
    return listenAt(this.server, this.forward.hostAddress, this.forward.hostPort);
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
      const ends = { guest, guestPort: this.forward.guestPort, remote: this.gateway };
      const flow = { ...ends, remotePort: this.ports.take(this.stack, ends) };
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
}
