import type { Socket } from 'node:net';
import type { ConnectionEnd, ConnectionUser, TcpConnection } from '../tcp/connection';
import { HostMemory } from './host-memory';

/** How long the host may leave the last data of a connection that has ended where it is, in milliseconds. */
const lingerMs = 60_000;
/** Sockets that wait for that at a time. */
export const maxLingering = 256;

/** What the streams of one gateway have in common. */
export class HostStreams {
  /** Streams with data that is to be written when the current call into the gateway ends. */
  readonly due = new Set<HostStream>();
  readonly memory = new HostMemory();
  /** The longest there first. */
  private readonly lingering = new Set<Socket>();

  /**
   * Lets a socket end by itself whose guest's connection has ended. Nothing else knows of it any more: it must not wait
   * for ever for a host that does not read, and there must not be very many.
   */
  linger(socket: Socket): void {
    if (socket.destroyed) return;
    const [oldest] = this.lingering;
    if (this.lingering.size >= maxLingering && oldest) oldest.destroy();
    this.lingering.add(socket);
    socket.once('close', () => this.lingering.delete(socket));
    // What the host takes begins the time anew.
    socket.setTimeout(lingerMs, () => socket.destroy());
    socket.end();
  }
}

/** Joins a guest's connection with a socket of the host: data, ends and resets pass both ways. */
export class HostStream implements ConnectionUser {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private over = false;

  /** What the socket reads is given to `take`, by whoever has made the socket. */
  constructor(
    private readonly connection: TcpConnection,
    private readonly socket: Socket,
    private readonly streams: HostStreams,
  ) {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 60_000);
    socket.on('end', () => connection.end());
    socket.on('drain', () => connection.consumed());
    socket.on('error', () => connection.abort('reset'));
    socket.on('close', () => connection.orphan());
  }

  /** Passes on what the host has sent. @returns false when reading is to wait until it is resumed */
  take(data: Uint8Array): boolean {
    return this.connection.write(data);
  }

  opened(): void {
    this.socket.resume();
  }

  data(bytes: Buffer): void {
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    this.streams.due.add(this);
  }

  /** Hands over what has come: copied, for it lies in memory that is used again. */
  flush(): void {
    if (this.pendingBytes === 0) return;
    const { pending, pendingBytes } = this;
    this.pending = [];
    this.pendingBytes = 0;
    if (!this.over && this.socket.writable) this.streams.memory.write(this.socket, pending, pendingBytes);
    else if (!this.over) this.connection.abort('reset');
  }

  ended(): void {
    this.flush();
    this.socket.end();
  }

  backlog(): number {
    return this.socket.writableLength + this.pendingBytes;
  }

  drained(): void {
    this.socket.resume();
  }

  closed(how: ConnectionEnd): void {
    this.flush();
    this.over = true;
    if (how === 'closed') this.streams.linger(this.socket);
    // One that is not connected yet would wait for that before it is reset.
    else if (this.socket.connecting) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }
}
