import { mostCapacity } from '../tcp/account';
import { type ConnectionEnd, type ConnectionUser, TcpConnection } from '../tcp/connection';
import { delayedAckMs } from '../tcp/stack';
import { flags, type OutgoingSegment, resetFor, type Segment, sequenceLength } from '../tcp/segment';
import { VirtualClock } from './virtual-clock';

/** One side of a pair: notes what it is told, and takes data as fast as a test lets it. */
export class NotingUser implements ConnectionUser {
  readonly received: Buffer[] = [];
  isOpen = false;
  guestEnded = false;
  end: ConnectionEnd | undefined;
  waiting = 0;
  /** Data stays with us until `takeAll` is called. */
  slow = false;
  readonly onDrained: (() => void)[] = [];
  onData: (() => void) | undefined;

  opened(): void {
    this.isOpen = true;
  }
  data(bytes: Buffer): void {
    this.received.push(Buffer.from(bytes));
    if (this.slow) this.waiting += bytes.length;
    this.onData?.();
  }
  ended(): void {
    this.guestEnded = true;
  }
  backlog(): number {
    return this.waiting;
  }
  drained(): void {
    for (const drained of this.onDrained) drained();
  }
  closed(how: ConnectionEnd): void {
    if (this.end) throw new Error('closed twice');
    this.end = how;
  }
  get bytes(): Buffer {
    return Buffer.concat(this.received);
  }
}

/** What happens to the segments from one side to the other; each result is a delay in milliseconds. */
export type Weather = (segment: Segment) => readonly number[];

/** Two connections that talk to each other over a link with weather. */
export class TcpPair {
  readonly clock = new VirtualClock();
  readonly here = new NotingUser();
  readonly there = new NotingUser();
  readonly opener: TcpConnection;
  answerer: TcpConnection | undefined;
  readonly segments: { from: 'here' | 'there'; segment: Segment }[] = [];
  gone = 0;
  weather: Weather = () => [1];
  /** How much may wait in each direction of either side. */
  capacity = mostCapacity;
  private readonly due = new Set<TcpConnection>();
  private readonly forgotten = new Set<'here' | 'there'>();

  /** @param selective both understand selective acknowledgement */
  constructor(
    private readonly mss = { here: 1460, there: 1460 },
    private readonly windowOfThere?: number,
    private readonly selective = true,
  ) {
    this.opener = this.make('here', undefined);
  }

  /** Ends what a call into a gateway is. */
  settle(): void {
    for (const connection of this.due) {
      if (connection.settle()) this.clock.after(delayedAckMs, () => connection.acknowledgeOwed());
    }
    this.due.clear();
  }

  advance(ms: number): void {
    this.settle();
    for (let passed = 0; passed < ms; passed++) {
      this.clock.advance(1);
      this.settle();
    }
  }

  /** How often a side has sent the segment that it has sent most often: more than once is again. */
  mostTries(side: 'here' | 'there'): number {
    const tries = new Map<number, number>();
    for (const { from, segment } of this.segments) {
      if (from !== side || sequenceLength(segment) === 0) continue;
      tries.set(segment.sequence, (tries.get(segment.sequence) ?? 0) + 1);
    }
    return Math.max(0, ...tries.values());
  }

  private make(side: 'here' | 'there', first: Segment | undefined): TcpConnection {
    return new TcpConnection(
      {
        clock: this.clock,
        mss: this.mss[side],
        // Near the end of the numbers, so that they wrap.
        initialSequence: side === 'here' ? 0xfffffff0 : 0xffff0000,
        output: (segment) => this.carry(side, segment),
        due: (connection) => void this.due.add(connection),
        capacity: () => this.capacity,
        gone: () => {
          this.gone++;
          this.forgotten.add(side);
        },
      },
      side === 'here' ? this.here : this.there,
      first,
    );
  }

  private carry(from: 'here' | 'there', outgoing: OutgoingSegment): void {
    const data = Buffer.alloc(outgoing.length);
    outgoing.fill?.(data, 0);
    const segment: Segment = {
      source: 1,
      sourcePort: 1,
      destination: 2,
      destinationPort: 2,
      sequence: outgoing.sequence,
      acknowledgment: outgoing.acknowledgment,
      flags: outgoing.flags,
      window: from === 'there' ? (this.windowOfThere ?? outgoing.window) : outgoing.window,
      mss: outgoing.handshake?.mss ?? 536,
      windowShift: outgoing.handshake?.windowShift,
      sackPermitted: this.selective && outgoing.handshake?.sackPermitted === true,
      sack: outgoing.sack ?? [],
      data,
    };
    this.segments.push({ from, segment });
    for (const delay of this.weather(segment)) {
      this.clock.after(delay, () => this.arrive(from, segment));
    }
  }

  private arrive(from: 'here' | 'there', segment: Segment): void {
    const to = from === 'here' ? 'there' : 'here';
    if (this.forgotten.has(to)) {
      // As whoever has no connection answers.
      const reset = resetFor(segment);
      if (reset) this.carry(to, reset);
    } else if (from === 'there') this.opener.receive(segment);
    else if (this.answerer) this.answerer.receive(segment);
    else if ((segment.flags & flags.syn) !== 0) {
      this.answerer = this.make('there', segment);
      this.answerer.accept();
    }
  }
}
