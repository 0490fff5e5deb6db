import { ByteRing } from './byte-ring';
import { flags, type OutgoingSegment } from './segment';
import { add, distance } from './sequence';

/** Sends one segment with what is to be acknowledged in it. */
export type SendSegment = (
  set: number,
  sequence: number,
  length: number,
  fill?: OutgoingSegment['fill'],
) => void;

/** What goes to the guest, byte after byte under its number, until it has been acknowledged. */
export class OutgoingStream {
  /** The oldest number that is not acknowledged, the next to be sent, and one more than the highest ever sent. */
  oldest: number;
  next: number;
  highest: number;
  /** No more bytes will come: the end is to be sent behind the last. */
  isEnding = false;
  /** The end was sent before the guest's had come. */
  endedFirst = false;
  /** Bytes from `oldest` on; the SYN is not among them. */
  private readonly bytes = new ByteRing();
  private endSequence: number | undefined;

  constructor(
    private readonly initialSequence: number,
    private readonly send: SendSegment,
  ) {
    this.oldest = this.next = this.highest = initialSequence;
  }

  /** Bytes that are not acknowledged, sent or not. */
  get length(): number {
    return this.bytes.length;
  }

  /** What was sent and is not acknowledged. */
  get underWay(): number {
    return distance(this.oldest, this.highest);
  }

  /** Bytes that have not been sent since all was begun again. */
  get unsent(): number {
    return this.bytes.length - distance(this.oldest, this.next);
  }

  get isEndAcknowledged(): boolean {
    return this.endSequence !== undefined && distance(this.endSequence, this.oldest) > 0;
  }

  get isAllButEndAcknowledged(): boolean {
    return this.endSequence !== undefined && distance(this.endSequence, this.oldest) >= 0;
  }

  append(bytes: Uint8Array): void {
    this.bytes.append(bytes);
  }

  clear(): void {
    this.bytes.clear();
  }

  /** @returns the number behind the SYN */
  handshakeSent(): number {
    this.next = this.highest = add(this.initialSequence, 1);
    return this.next;
  }

  established(): void {
    this.oldest = this.next = this.highest;
  }

  /** Gives up what has been acknowledged. Precondition: it lies between `oldest` and `highest`. */
  acknowledge(acknowledgment: number): void {
    const progress = distance(this.oldest, acknowledgment);
    const endTaken = this.endSequence !== undefined && acknowledgment === add(this.endSequence, 1);
    this.bytes.drop(endTaken ? progress - 1 : progress);
    this.oldest = acknowledgment;
    if (distance(this.next, acknowledgment) > 0) this.next = acknowledgment;
  }

  /** Sends bytes that may have been sent before. Precondition: they are there. */
  sendAt(sequence: number, length: number): void {
    const offset = distance(this.oldest, sequence);
    const isLast = offset + length === this.bytes.length;
    this.send(isLast ? flags.ack | flags.push : flags.ack, sequence, length, (target, at) =>
      this.bytes.copy(target, at, offset, length),
    );
  }

  /** Sends the next bytes. @returns whether they were never sent before */
  sendNext(length: number): boolean {
    this.sendAt(this.next, length);
    return this.advance(length);
  }

  /** Sends the oldest segment once more. @returns bytes of data in it */
  sendFirst(mss: number): number {
    const length = Math.min(mss, this.bytes.length, this.underWay);
    if (length > 0) this.sendAt(this.oldest, length);
    else if (this.endSequence === this.oldest) this.send(flags.ack | flags.fin, this.oldest, 0);
    return length;
  }

  /**
   * Sends the end, if it is its turn.
   *
   * @param guestEnded the guest has sent its end already
   * @returns whether it was sent, and never before
   */
  sendEnd(guestEnded: boolean): boolean {
    if (!this.isEnding || this.unsent > 0 || this.next === add(this.endSequence ?? this.next, 1))
      return false;
    if (this.endSequence === undefined) this.endedFirst = !guestEnded;
    this.endSequence ??= this.next;
    this.send(flags.ack | flags.fin, this.endSequence, 0);
    this.next = this.endSequence;
    return this.advance(1);
  }

  private advance(length: number): boolean {
    this.next = add(this.next, length);
    if (distance(this.highest, this.next) <= 0) return false;
    this.highest = this.next;
    return true;
  }
}
