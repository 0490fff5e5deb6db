import type { Clock } from '../clock';
import type { ConnectionUser, TcpConnection } from '../tcp/connection';
import { Deadline } from '../tcp/deadline';
import { DnsResolver, type ResolverOptions } from './resolver';
import { type DnsServer, Upstream } from './upstream';

export const dnsPort = 53;
/** Questions of guests that are being answered; more are dropped, as a busy server does. */
export const maxUnderWay = 512;
/** Bytes of answers that one TCP connection may have waiting. */
const maxWaiting = 64 * 1024;
/** Longer questions are none that a resolver would ask. */
const longestQuestion = 4096;
/** A connection over which nothing is asked is ended after this long (RFC 7766, 6.2.3), in milliseconds. */
const idleMs = 30_000;

export interface DnsServiceOptions {
  clock: Clock;
  resolvers?: () => DnsServer[];
  settings(): Omit<ResolverOptions, 'clock' | 'upstream'>;
}

/** The gateway's DNS server, over UDP and over TCP (RFC 7766). */
export class DnsService {
  private readonly resolver: DnsResolver;
  private readonly upstream: Upstream;
  private underWay = 0;
  private closed = false;

  constructor(private readonly options: DnsServiceOptions) {
    this.upstream = new Upstream(options.clock, options.resolvers);
    this.resolver = new DnsResolver(this.resolverOptions());
  }

  /** The network's configuration has changed. */
  changed(): void {
    this.resolver.configure(this.resolverOptions());
  }

  close(): void {
    this.closed = true;
  }

  /** A question over UDP. */
  receive(question: Buffer, answered: (answer: Buffer) => void): void {
    this.answer(question, false, answered);
  }

  /** A connection over which questions come. */
  stream(): (connection: TcpConnection) => ConnectionUser {
    return (connection) => {
      const stream = new DnsStream(connection, this.options.clock, (question, answered) =>
        this.answer(question, true, answered),
      );
      // Accepted when the caller has finished making the connection.
      this.options.clock.soon(() => connection.accept());
      return stream;
    };
  }

  private answer(question: Buffer, overTcp: boolean, answered: (answer: Buffer) => void): void {
    if (this.underWay >= maxUnderWay) return;
    this.underWay++;
    // Copied: the answer may take its time.
    void this.resolver
      .answer(Buffer.from(question), overTcp)
      .finally(() => this.underWay--)
      .then((answer) => {
        if (answer && !this.closed) answered(answer);
      });
  }

  private resolverOptions(): ResolverOptions {
    return {
      ...this.options.settings(),
      clock: this.options.clock,
      upstream: (message, overTcp) => this.upstream.ask(message, overTcp),
    };
  }
}

/** Questions and answers behind their lengths of two bytes (RFC 1035, 4.2.2). */
class DnsStream implements ConnectionUser {
  private received = Buffer.alloc(0);
  /** Questions that are not answered yet. */
  private open = 0;
  private guestEnded = false;
  private readonly idle: Deadline;

  constructor(
    private readonly connection: TcpConnection,
    clock: Clock,
    private readonly ask: (question: Buffer, answered: (answer: Buffer) => void) => void,
  ) {
    this.idle = new Deadline(clock, () => connection.abort('timeout'));
    this.idle.set(idleMs);
  }

  opened(): void {}

  data(bytes: Buffer): void {
    this.idle.set(idleMs);
    this.received = Buffer.concat([this.received, bytes]);
    while (this.received.length >= 2) {
      const end = 2 + this.received.readUInt16BE(0);
      if (end > longestQuestion) {
        this.connection.abort();
        return;
      }
      if (this.received.length < end) break;
      this.open++;
      this.ask(this.received.subarray(2, end), (answer) => this.send(answer));
      this.received = this.received.subarray(end);
    }
  }

  /** Who asks and ends its half still waits for the answers (RFC 7766, 6.2.4); where none comes, until it is idle. */
  ended(): void {
    this.guestEnded = true;
    if (this.open === 0) this.connection.end();
  }

  backlog(): number {
    return this.connection.queued + this.received.length;
  }

  drained(): void {}

  closed(): void {
    this.idle.cancel();
    this.received = Buffer.alloc(0);
  }

  private send(answer: Buffer): void {
    if (this.connection.queued > maxWaiting) {
      this.connection.abort();
      return;
    }
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    this.connection.write(Buffer.concat([length, answer]));
    this.open--;
    if (this.guestEnded && this.open === 0) this.connection.end();
  }
}
