import type { Clock } from '../clock';
import { Congestion } from './congestion';
import type { Deadline } from './deadline';
import { OutgoingStream, type SendSegment } from './outgoing-stream';
import { RetransmissionTimer } from './retransmission-timer';
import { Scoreboard } from './scoreboard';
import { flags, type Segment, sequenceLength } from './segment';
import { add, distance } from './sequence';

export const maxRetransmissions = 12;
const duplicatesForLoss = 3;

export interface SendHalfOptions {
  clock: Clock;
  /** The longest payload of a segment that the link takes. */
  mss: number;
  initialSequence: number;
  /** When `expired` is to be called. */
  deadline: Deadline;
  /** The host is asked to wait while more than this is under way to the guest, in bytes. */
  capacity(): number;
  send: SendSegment;
  /** There is room again after `write` had said that there is none. */
  drained(): void;
}

/** What we send to the guest (RFC 9293, 3.3.1: SND), until it has been acknowledged. */
export class SendHalf {
  /** The longest payload that both sides take. */
  mss: number;
  /** Undefined where windows are not scaled. */
  peerShift: number | undefined;
  /** The other side tells what it has behind the first that it misses. */
  selective = false;
  readonly stream: OutgoingStream;
  private peerWindow = 0;
  /** The segment that the window was last taken from. */
  private windowFrom = 0;
  private readonly timer = new RetransmissionTimer();
  private readonly scoreboard = new Scoreboard();
  private congestion: Congestion;
  private full = false;
  private duplicates = 0;
  /** While it recovers from a loss: everything up to here was under way then. */
  private recoverTo: number | undefined;
  /** What is missing up to here has been sent again, since the last time that all was given up for lost. */
  private resentTo: number | undefined;
  private measuring: { sequence: number; since: number } | undefined;
  private attempts = 0;
  /** The byte after `oldest` has been sent into a closed window. */
  private probing = false;

  constructor(private readonly options: SendHalfOptions) {
    this.stream = new OutgoingStream(options.initialSequence, options.send);
    this.mss = options.mss;
    this.congestion = new Congestion(this.mss);
  }

  /** The guest waits with its window closed while there is something for it. */
  get isHeldUp(): boolean {
    return this.peerWindow === 0 && this.stream.length > 0;
  }

  takeHandshake({ mss, windowShift, window, sequence, sackPermitted }: Segment): void {
    this.mss = Math.min(this.mss, mss);
    this.peerShift = windowShift;
    // The window of a SYN is never scaled (RFC 7323, 2.2).
    this.peerWindow = window;
    this.windowFrom = sequence;
    this.selective = sackPermitted;
    this.congestion = new Congestion(this.mss);
  }

  handshakeSent(): void {
    const { clock, deadline } = this.options;
    this.measuring = { sequence: this.stream.handshakeSent(), since: clock.now() };
    deadline.set(this.timer.timeout);
  }

  /** How long the answer took does not count: it may be one to the first SYN (Karn's algorithm). */
  handshakeRepeated(): void {
    this.attempts = Math.max(this.attempts, 1);
  }

  /** @returns how often the handshake has been sent in vain */
  handshakeExpired(): number {
    this.timer.expired();
    return ++this.attempts;
  }

  established(segment: Segment): void {
    if (this.attempts === 0) this.timer.measured(this.options.clock.now() - (this.measuring?.since ?? 0));
    this.measuring = undefined;
    this.stream.established();
    this.attempts = 0;
    this.options.deadline.set(Infinity);
    this.updateWindow(segment);
  }

  /** @returns false when there should be no more until `drained` */
  write(bytes: Uint8Array): boolean {
    this.stream.append(bytes);
    this.full = this.stream.length > this.options.capacity();
    return !this.full;
  }

  clear(): void {
    this.stream.clear();
    this.scoreboard.clear();
  }

  /** Takes what a segment says of ours. @returns false when it speaks of what was never sent */
  take(segment: Segment): boolean {
    const { acknowledgment } = segment;
    const { oldest, highest } = this.stream;
    if (distance(highest, acknowledgment) > 0) return false;
    const progress = distance(oldest, acknowledgment);
    if (progress < 0) return true;
    const isNew = this.selective && this.scoreboard.add(segment.sack, acknowledgment, highest);
    if (progress > 0) this.takeProgress(acknowledgment, progress);
    else this.takeDuplicate(segment, isNew);
    this.updateWindow(segment);
    return true;
  }

  /**
   * Sends what the windows allow (RFC 9293, 3.8.6.2.1: no silly windows; RFC 896 is left to the two ends).
   *
   * @param guestEnded the guest has sent its FIN already
   */
  transmit(guestEnded: boolean): void {
    if (this.recoverTo !== undefined && this.selective) this.resendMissing();
    else this.sendNew();
    if (this.stream.sendEnd(guestEnded)) this.measure();
    const { deadline } = this.options;
    // With nothing under way only a question can find out when a closed window opens (RFC 9293, 3.8.6.1).
    if (!deadline.isSet && (this.stream.underWay > 0 || this.stream.length > 0)) {
      deadline.set(this.timer.timeout);
    }
  }

  /** Nothing came back in time. @returns false when it is to be given up */
  expired(): boolean {
    this.timer.expired();
    if (this.isHeldUp) {
      this.probe();
      return true;
    }
    const { underWay } = this.stream;
    if (underWay > 0 && ++this.attempts > maxRetransmissions) return false;
    if (underWay > 0) this.congestion.timedOut(underWay);
    this.measuring = undefined;
    this.recoverTo = undefined;
    this.resentTo = undefined;
    this.duplicates = 0;
    // What was told to be there may be thrown away again (RFC 2018, 8).
    this.scoreboard.clear();
    this.stream.next = this.stream.oldest;
    return true;
  }

  private takeProgress(acknowledgment: number, progress: number): void {
    this.stream.acknowledge(acknowledgment);
    this.scoreboard.advance(acknowledgment);
    this.attempts = 0;
    this.duplicates = 0;
    if (this.measuring && distance(this.measuring.sequence, acknowledgment) >= 0) {
      this.timer.measured(this.options.clock.now() - this.measuring.since);
      this.measuring = undefined;
    } else {
      this.timer.progressed();
    }
    this.recover(acknowledgment, progress);
    this.options.deadline.set(this.stream.underWay === 0 ? Infinity : this.timer.timeout);
    if (this.full && this.stream.length <= this.options.capacity() / 2) {
      this.full = false;
      this.options.drained();
    }
  }

  private recover(acknowledgment: number, progress: number): void {
    if (this.recoverTo === undefined) {
      this.congestion.acknowledged(progress);
    } else if (distance(this.recoverTo, acknowledgment) >= 0) {
      this.recoverTo = undefined;
      this.congestion.recovered();
    } else if (!this.selective) {
      // Something else was lost too (RFC 6582).
      this.congestion.partly(progress);
      this.resendFirst();
    }
  }

  /** @param isNew it tells of data that it has not told of before */
  private takeDuplicate(segment: Segment, isNew: boolean): void {
    const { underWay, oldest, highest } = this.stream;
    if (underWay === 0 || this.probing) return;
    // What it takes to be one: RFC 5681, 2; RFC 6675, 2.
    const isPlain = sequenceLength(segment) === 0 && this.windowOf(segment) === this.peerWindow;
    if (!isPlain && !isNew) return;
    this.duplicates++;
    if (this.recoverTo !== undefined) {
      if (!this.selective) this.congestion.inflate();
    } else if (this.duplicates >= duplicatesForLoss || this.isLost(oldest)) {
      this.recoverTo = highest;
      if (this.selective) this.congestion.lostSelectively(underWay);
      else this.congestion.lost(underWay);
      // Selectively it may have been sent again already, when an earlier recovery went on beyond its end.
      if (!this.selective || this.unresent() === oldest) {
        this.resentTo = add(oldest, this.resendFirst());
      }
    }
  }

  private updateWindow(segment: Segment): void {
    // A segment that was overtaken says nothing new (RFC 9293, 3.10.7.4: SND.WL1).
    if (distance(this.windowFrom, segment.sequence) < 0) return;
    this.windowFrom = segment.sequence;
    this.peerWindow = this.windowOf(segment);
    if (this.peerWindow === 0) return;
    const { deadline } = this.options;
    if (this.probing) {
      // What was sent into the closed window did not fit, unless it has been acknowledged.
      this.probing = false;
      this.stream.next = this.stream.oldest;
      deadline.set(Infinity);
      this.timer.progressed();
    } else if (this.stream.underWay === 0) {
      deadline.set(Infinity);
    }
  }

  private windowOf({ flags: set, window }: Segment): number {
    return (set & flags.syn) === 0 ? window * (1 << (this.peerShift ?? 0)) : window;
  }

  private sendNew(): void {
    const window = Math.min(this.peerWindow, Math.floor(this.congestion.window));
    while (this.sendNext(window));
  }

  /** Sends the next segment if the window has room for it. */
  private sendNext(window: number): boolean {
    const hole = this.skipWhatIsThere();
    const { oldest, next, unsent } = this.stream;
    const inFlight = distance(oldest, next);
    const most = hole ? distance(next, hole) : this.mss;
    const length = Math.min(this.mss, unsent, window - inFlight, most);
    if (length <= 0 || (length < Math.min(this.mss, most) && length < unsent && inFlight > 0)) return false;
    if (this.stream.sendNext(length)) this.measure();
    return true;
  }

  /** When it sends everything again, not what the guest has told to have. @returns where the next such begins */
  private skipWhatIsThere(): number | undefined {
    const { stream, scoreboard } = this;
    if (scoreboard.isEmpty || distance(stream.next, stream.highest) <= 0) return undefined;
    const hole = scoreboard.holeFrom(stream.next);
    if (hole) {
      stream.next = hole.start;
      return hole.end;
    }
    if (distance(stream.next, scoreboard.highest) > 0) stream.next = scoreboard.highest;
    return undefined;
  }

  /** Recovery with knowledge of what is missing (RFC 6675, 5). */
  private resendMissing(): void {
    const window = Math.floor(this.congestion.window);
    let underWay = this.bytesUnderWay();
    while (underWay + this.mss <= window) {
      const hole = this.scoreboard.holeFrom(this.unresent());
      const { highest } = this.stream;
      if (hole && this.isLost(hole.start)) this.resend(hole.start, hole.end);
      else if (this.sendNext(this.peerWindow)) underWay += distance(highest, this.stream.highest) - this.mss;
      else if (hole) this.resend(hole.start, hole.end);
      else return;
      underWay += this.mss;
    }
  }

  /** Where what has not been sent again begins. */
  private unresent(): number {
    const { resentTo } = this;
    const { oldest } = this.stream;
    return resentTo !== undefined && distance(oldest, resentTo) > 0 ? resentTo : oldest;
  }

  private resend(start: number, end: number): void {
    this.measuring = undefined;
    const length = Math.min(this.mss, distance(start, end));
    this.stream.sendAt(start, length);
    this.resentTo = add(start, length);
  }

  /** What was sent, has not been told to be there, and is not taken for lost: “pipe” of RFC 6675. */
  private bytesUnderWay(): number {
    let bytes = this.stream.underWay - this.scoreboard.above(this.stream.oldest);
    let from = this.unresent();
    for (let hole = this.scoreboard.holeFrom(from); hole; hole = this.scoreboard.holeFrom(from)) {
      if (!this.isLost(hole.start)) break;
      bytes -= distance(hole.start, hole.end);
      from = hole.end;
    }
    return bytes;
  }

  /** So much behind it is there that it can only have been lost. */
  private isLost(sequence: number): boolean {
    return this.scoreboard.above(sequence) > (duplicatesForLoss - 1) * this.mss;
  }

  /** Something was sent for the first time: how long its acknowledgement takes is worth knowing. */
  private measure(): void {
    if (this.measuring || this.recoverTo !== undefined) return;
    this.measuring = { sequence: this.stream.highest, since: this.options.clock.now() };
  }

  /** Sends the oldest unacknowledged segment once more. @returns bytes of data in it */
  private resendFirst(): number {
    this.measuring = undefined;
    return this.stream.sendFirst(this.mss);
  }

  /** Asks for the window with a byte that does not fit into it. */
  private probe(): void {
    this.measuring = undefined;
    if (this.stream.underWay === 0) {
      this.probing = true;
      this.stream.next = this.stream.oldest;
      this.stream.sendNext(1);
    } else {
      this.stream.sendAt(this.stream.oldest, 1);
    }
    this.options.deadline.set(this.timer.timeout);
  }
}
