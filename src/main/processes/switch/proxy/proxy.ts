import { createServer, type Server, type Socket } from 'node:net';
import { GatewayPorts } from '../forward/gateway-ports';
import { listenAt } from '../forward/listen';
import type { Address } from '../ip/address';
import type { Receiver } from '../ip/ip';
import { HostStream, type HostStreams } from '../nat/host-stream';
import type { ConnectionEnd, ConnectionUser, TcpConnection } from '../tcp/connection';
import type { TcpStack } from '../tcp/stack';
import { longestHead, type ProxyRequest, readRequest, type Refusal } from './request';

/** It is for programs on this computer, and never anybody else. */
export const proxyAddress = '127.0.0.1';
/** Connections at a time. */
const maxConnections = 512;
/** How long a client may take to say what it wants, in milliseconds. */
const patienceMs = 30_000;
const lastPort = 65_535;

/** A station, and what leads there. */
export interface ProxyTarget {
  guest: Receiver;
  /** The gateway's address that the station sees as the other end. */
  remote: Address;
  stack: TcpStack;
}

export interface ProxyOptions {
  port: number;
  streams: HostStreams;
  /** Finds who has a name or an address; undefined: nobody. */
  find(host: string, found: (target: ProxyTarget | undefined) => void): void;
  /** Whether a caller may reach a port of a machine. */
  permits(caller: string, port: number): boolean;
}

/** A port of the loopback by which programs of this computer reach machines by name: SOCKS 5 and HTTP, told apart. */
export class Proxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly ports = new GatewayPorts();

  constructor(private readonly options: ProxyOptions) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.talk(socket));
    this.server.maxConnections = maxConnections;
  }

  get port(): number {
    return this.options.port;
  }

  /** @throws the errors of `node:net` when the port cannot be had */
  listen(): Promise<void> {
    return listenAt(this.server, proxyAddress, this.options.port);
  }

  /** Ends what goes through it as well. */
  close(): void {
    this.server.close(() => {});
    for (const socket of this.sockets) socket.destroy();
  }

  private talk(socket: Socket): void {
    this.sockets.add(socket);
    let bytes = Buffer.alloc(0);
    let greeted = false;
    const timer = setTimeout(() => socket.destroy(), patienceMs);
    socket.once('close', () => {
      clearTimeout(timer);
      this.sockets.delete(socket);
    });
    socket.on('error', () => socket.destroy());
    const onEnd = (): void => void socket.end();
    const onData = (data: Buffer): void => {
      bytes = Buffer.concat([bytes, data]);
      for (;;) {
        const step = readRequest(bytes, greeted);
        if (step.kind === 'answer') {
          greeted = true;
          bytes = bytes.subarray(step.used);
          socket.write(step.answer);
          continue;
        }
        if (step.kind === 'more') {
          if (bytes.length > longestHead) socket.destroy();
          return;
        }
        clearTimeout(timer);
        socket.pause();
        socket.off('data', onData);
        socket.off('end', onEnd);
        if (step.kind === 'wrong') finish(socket, step.answer);
        else this.lead(socket, step.request);
        return;
      }
    };
    socket.on('data', onData);
    socket.on('end', onEnd);
  }

  private lead(socket: Socket, request: ProxyRequest): void {
    const { host, port, refusals } = request;
    if (!this.options.permits(socket.remoteAddress ?? '', port)) {
      finish(socket, refusals.denied);
      return;
    }
    this.options.find(host, (target) => {
      if (socket.destroyed) return;
      if (!target || port === 0 || port > lastPort) {
        finish(socket, refusals.unknown);
        return;
      }
      const { guest, remote, stack } = target;
      const ends = { guest, guestPort: port, remote };
      const opened = stack.connect(
        { ...ends, remotePort: this.ports.take(stack, ends) },
        (connection) => new ProxyStream(connection, socket, this.options.streams, request),
      );
      if (!opened) finish(socket, refusals.silent);
    });
  }
}

/** A client's connection with a machine: the client is told how it went, and then it is a stream like others. */
class ProxyStream implements ConnectionUser {
  private readonly stream: HostStream;
  private isOpen = false;

  constructor(
    private readonly connection: TcpConnection,
    private readonly socket: Socket,
    streams: HostStreams,
    private readonly request: ProxyRequest,
  ) {
    this.stream = new HostStream(connection, socket, streams);
    socket.on('data', (data: Buffer) => {
      if (!this.stream.take(data)) socket.pause();
    });
    // Whoever listens to data makes it flow; it is to wait for the machine.
    socket.pause();
  }

  opened(): void {
    this.isOpen = true;
    this.socket.write(this.request.accepted);
    if (this.request.first.length > 0) this.connection.write(this.request.first);
    this.stream.opened();
  }

  data(bytes: Buffer): void {
    this.stream.data(bytes);
  }

  ended(): void {
    this.stream.ended();
  }

  backlog(): number {
    return this.stream.backlog();
  }

  drained(): void {
    this.stream.drained();
  }

  closed(how: ConnectionEnd): void {
    if (this.isOpen) {
      this.stream.closed(how);
      return;
    }
    const refusal: Refusal = how === 'timeout' ? 'silent' : 'refused';
    finish(this.socket, this.request.refusals[refusal]);
  }
}

/** Says the last thing. What the client still sends is not looked at. */
function finish(socket: Socket, answer: Buffer): void {
  socket.on('data', () => {});
  socket.resume();
  socket.end(answer, () => socket.destroySoon());
}
