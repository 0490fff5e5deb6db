import type { ConnectionUser } from './connection-user';
import { ReceiveQueue } from './receive-queue';
import type { SequenceRange } from './scoreboard';
import { flags, type Segment, sequenceLength } from './segment';
import { add, distance } from './sequence';

/** When what has come is to be acknowledged: at once, or at the end of the call into the gateway. */
export type Owed = 'nothing' | 'later' | 'now';

/** What the guest sends (RFC 9293, 3.3.1: RCV), put in order and handed over. */
export class ReceiveHalf {
  /** The next byte. */
  expected = 0;
  /** The guest sends no more, and all that it has sent is here. */
  ended = false;
  /** The right edge of the window that the guest has been told; it never moves back. */
  private edge = 0;
  private firstWindow = 0;
  /** The number that was acknowledged last. */
  private acknowledged = 0;
  private readonly early = new ReceiveQueue();
  /** Where what has come early last begins. */
  private latest = 0;
  private endAt: number | undefined;

  /** @param capacity what is taken ahead of the host, in bytes */
  constructor(
    private readonly user: Pick<ConnectionUser, 'data' | 'backlog'>,
    private readonly capacity: () => number,
  ) {}

  /** @param sequence of the guest's SYN */
  start(sequence: number): void {
    this.expected = add(sequence, 1);
    this.edge = add(this.expected, this.firstWindow);
    this.acknowledged = this.expected;
  }

  /** What has come in its order since the guest was last told, in bytes. */
  get unacknowledged(): number {
    return distance(this.acknowledged, this.expected);
  }

  /** Our SYN has told this window, which is never scaled (RFC 7323, 2.2). */
  handshakeSent(window: number): void {
    this.firstWindow = window;
    this.edge = add(this.expected, window);
  }

  /** RFC 9293, table 6. */
  isAcceptable(segment: Segment): boolean {
    const length = sequenceLength(segment);
    const window = distance(this.expected, this.edge);
    const start = distance(this.expected, segment.sequence);
    if (length === 0) return window === 0 ? start === 0 : start >= 0 && start < window;
    const last = start + length - 1;
    return window > 0 && ((start >= 0 && start < window) || (last >= 0 && last < window));
  }

  /**
   * Takes the data of an acceptable segment, and notes its end.
   *
   * @param goesOn whether the connection is still there: whoever takes data may end it
   */
  take(segment: Segment, goesOn: () => boolean): Owed {
    const { data, sequence } = segment;
    if ((segment.flags & flags.fin) !== 0) this.endAt = add(sequence, data.length);
    if (data.length === 0 || this.ended) return sequenceLength(segment) > 0 ? 'now' : 'nothing';
    const skip = distance(sequence, this.expected);
    const room = distance(this.expected, this.edge);
    if (skip < 0) {
      this.early.add(sequence, data.subarray(0, room + skip), this.capacity());
      this.latest = sequence;
    }
    if (skip < 0 || skip >= data.length) return 'now';
    this.deliver(data.subarray(skip, skip + room));
    while (goesOn()) {
      const more = this.early.take(this.expected);
      if (!more) break;
      this.deliver(more);
    }
    // A gap that has been filled in part is told at once, for the guest is waiting to hear it.
    return this.early.isEmpty ? 'later' : 'now';
  }

  /** @returns whether the guest's end has come just now, with everything before it */
  takeEnd(): boolean {
    if (this.ended || this.endAt !== this.expected) return false;
    this.ended = true;
    this.expected = add(this.expected, 1);
    this.early.clear();
    return true;
  }

  /**
   * What is told with every segment: everything up to `expected` is here. @returns the window as it is now, in units of
   * 2^shift bytes; what has been told is kept to
   */
  announce(shift: number): number {
    this.acknowledged = this.expected;
    const window = Math.min(this.room() >>> shift, 65_535);
    const edge = add(this.expected, window * (1 << shift));
    if (distance(this.edge, edge) > 0) this.edge = edge;
    return window;
  }

  /** Whether there is so much more room than the guest knows that it should be told (RFC 9293, 3.8.6.2.2). */
  isWorthTelling(mss: number): boolean {
    const told = distance(this.expected, this.edge);
    const half = this.capacity() / 2;
    return this.room() - told >= Math.min(half, 2 * mss) && told < half;
  }

  /** What is here though something before it is missing. */
  ranges(most: number): SequenceRange[] {
    return this.early.isEmpty ? [] : this.early.ranges(this.latest, most);
  }

  clear(): void {
    this.early.clear();
  }

  private room(): number {
    return Math.max(this.capacity() - this.user.backlog(), distance(this.expected, this.edge), 0);
  }

  private deliver(data: Buffer): void {
    this.expected = add(this.expected, data.length);
    this.user.data(data);
  }
}
