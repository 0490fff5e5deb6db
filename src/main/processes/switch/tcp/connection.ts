import type { Clock } from '../clock';
import { ByteRing } from './byte-ring';
import { Congestion } from './congestion';
import { ReceiveQueue } from './receive-queue';
import { RetransmissionTimer } from './retransmission-timer';
import { flags, type OutgoingSegment, type Segment, sequenceLength } from './segment';
import { add, distance } from './sequence';

/** What the gateway takes ahead of the host, in bytes. */
export const receiveCapacity = 1024 * 1024;
/** The host is asked to wait while more than this is under way to the guest, in bytes. */
export const sendCapacity = 1024 * 1024;
const ownShift = 7;
const duplicatesForLoss = 3;
const maxHandshakes = 6;
const maxRetransmissions = 12;
/** How long the last acknowledgement may have to be repeated (RFC 9293 says 4 minutes; nothing lives that long here). */
const timeWaitMs = 15_000;
/** How long a guest that has been told that nobody listens may keep its half open. */
const halfOpenMs = 120_000;
/** An idle connection is asked for after this long, and given up after so many questions. */
const idleMs = 30 * 60_000;
const maxProbes = 5;
/** A guest with a closed window that does not even say so is given up after this long. */
const maxSilenceMs = 300_000;

export type ConnectionEnd = 'closed' | 'reset' | 'refused' | 'timeout';

/** The other side of a connection: a socket of the host, or a service of the gateway. */
export interface ConnectionUser {
  /** The handshake is complete. */
  opened(): void;
  /** Takes data; a view that is valid until the current call into the gateway returns. */
  data(bytes: Buffer): void;
  /** The guest sends no more. */
  ended(): void;
  /** How many bytes wait to be taken by whoever they are for. */
  backlog(): number;
  /** There is room again after `write` had said that there is none. */
  drained(): void;
  /** It is over; called once, last. */
  closed(how: ConnectionEnd): void;
}

export interface ConnectionOptions {
  clock: Clock;
  /** The longest payload of a segment that the link takes. */
  mss: number;
  initialSequence: number;
  output(segment: Omit<OutgoingSegment, 'sourcePort' | 'destinationPort'>): void;
  /** Called when an acknowledgement should be sent at the end of the current call into the gateway. */
  due(connection: TcpConnection): void;
  /** The connection can be forgotten. */
  gone(connection: TcpConnection): void;
}

/**
 * `waiting`: the guest has asked, the host has not answered. `received`: SYN and SYN-ACK have been exchanged.
 * `sent`: we have asked the guest. `open`: from there until both sides have ended. `time-wait` as in RFC 9293.
 */
type State = 'waiting' | 'received' | 'sent' | 'open' | 'time-wait' | 'closed';

/** The gateway's end of one TCP connection with a guest (RFC 9293, with RFC 5681, 5961, 6298, 6582, 7323). */
export class TcpConnection {
  private state: State;
  private mss: number;
  private readonly timer = new RetransmissionTimer();
  private congestion: Congestion;

  // What we send (RFC 9293, 3.3.1): the oldest unacknowledged, the next, and the highest ever sent.
  private oldest: number;
  private next: number;
  private highest: number;
  private peerWindow = 0;
  private peerShift: number | undefined;
  /** Data from `oldest` on; the SYN is not in it. */
  private readonly unsent = new ByteRing();
  private ending = false;
  private endSequence: number | undefined;
  private full = false;

  // What we receive.
  private expected = 0;
  /** The right edge of the window that the guest has been told; it never moves back. */
  private edge = 0;
  private readonly early = new ReceiveQueue();
  private endAt: number | undefined;
  private guestEnded = false;

  private ackDue = false;
  private duplicates = 0;
  /** While it recovers from a loss: everything up to here was under way then. */
  private recoverTo: number | undefined;
  private measuring: { sequence: number; since: number } | undefined;
  private attempts = 0;
  private deadline = Infinity;
  private cancelTimer: (() => void) | undefined;
  private timerAt = Infinity;
  private heard: number;
  private probes = 0;
  /** The byte after `oldest` has been sent into a closed window. */
  private probing = false;
  /** We have sent our FIN before the guest's came. */
  private endedFirst = false;
  /** When a connection ends that only the guest still holds. */
  private endBy = Infinity;
  /** The segment that the window was last taken from. */
  private windowFrom = 0;

  /** @param first the guest's SYN; undefined to open a connection to the guest ourselves */
  constructor(
    private readonly options: ConnectionOptions,
    private readonly user: ConnectionUser,
    first?: Segment,
  ) {
    const { initialSequence, mss, clock } = options;
    this.oldest = this.next = this.highest = initialSequence;
    this.mss = mss;
    this.heard = clock.now();
    this.state = first ? 'waiting' : 'sent';
    if (first) this.takeHandshake(first);
    this.congestion = new Congestion(this.mss);
    if (!first) this.sendHandshake();
  }

  get isWaiting(): boolean {
    return this.state === 'waiting';
  }

  get isOver(): boolean {
    return this.state === 'closed' || this.state === 'time-wait';
  }

  /** Bytes that the guest has not acknowledged or not been sent. */
  get queued(): number {
    return this.unsent.length;
  }

  /** The host has answered: tell the guest. */
  accept(): void {
    if (this.state !== 'waiting') return;
    this.state = 'received';
    this.sendHandshake();
  }

  /** @returns false when the caller should wait for `drained` */
  write(bytes: Uint8Array): boolean {
    if (this.ending || this.isOver) return true;
    this.unsent.append(bytes);
    this.full = this.unsent.length > sendCapacity;
    this.transmit();
    return !this.full;
  }

  /** No more data will come: sends FIN behind what is still to be sent. */
  end(): void {
    if (this.ending || this.isOver) return;
    this.ending = true;
    this.transmit();
  }

  /** Ends at once with a RST. */
  abort(how: ConnectionEnd = 'reset'): void {
    if (this.isOver) return;
    this.sendReset();
    this.finish(how);
  }

  /** Ends without telling the guest, who has been told otherwise. */
  drop(how: ConnectionEnd): void {
    if (!this.isOver) this.finish(how);
  }

  /** Nobody takes data any more; what the guest has not ended within a while is reset. */
  orphan(): void {
    if (!this.isOver) this.endBy = this.options.clock.now() + halfOpenMs;
  }

  /** The host has taken data: the guest may have to be told that there is room. */
  consumed(): void {
    if (this.state !== 'open' || this.guestEnded) return;
    const told = distance(this.expected, this.edge);
    const room = this.room();
    if (room - told >= Math.min(receiveCapacity / 2, 2 * this.mss) && told < receiveCapacity / 2) {
      this.acknowledge();
    }
  }

  /** Sends what is due at the end of a call into the gateway. */
  settle(): void {
    if (this.ackDue && !this.isOver) this.acknowledge();
    this.ackDue = false;
  }

  /** Called now and then: asks after guests that have long been silent, and gives up those that do not answer. */
  sweep(): void {
    const now = this.options.clock.now();
    if (now > this.endBy) this.abort('timeout');
    if (this.state !== 'open' || now - this.heard < idleMs) return;
    if (this.probes++ >= maxProbes) this.abort('timeout');
    else this.emit(flags.ack, add(this.oldest, -1), 0);
  }

  /** A segment of the guest (RFC 9293, 3.10.7). */
  receive(segment: Segment): void {
    this.heard = this.options.clock.now();
    this.probes = 0;
    switch (this.state) {
      case 'waiting':
        if ((segment.flags & flags.rst) !== 0) this.finish('reset');
        return;
      case 'sent':
        this.receiveAnswer(segment);
        return;
      case 'closed':
        return;
      default:
        this.receiveSynchronized(segment);
    }
  }

  /** Whether a SYN may take the place of this connection, which is only waiting to be forgotten (RFC 6191). */
  mayBeReplacedBy(segment: Segment): boolean {
    return this.state === 'time-wait' && distance(this.expected, segment.sequence) > 0;
  }

  /** Forgets a connection in `time-wait` early. */
  forget(): void {
    this.cancelTimer?.();
    this.state = 'closed';
    this.options.gone(this);
  }

  private takeHandshake(segment: Segment): void {
    this.expected = add(segment.sequence, 1);
    this.edge = add(this.expected, receiveCapacity);
    this.mss = Math.min(this.mss, segment.mss);
    this.peerShift = segment.windowShift;
    // The window of a SYN is never scaled (RFC 7323, 2.2).
    this.peerWindow = segment.window;
    this.windowFrom = segment.sequence;
  }

  private receiveAnswer(segment: Segment): void {
    const acknowledges = (segment.flags & flags.ack) !== 0;
    if (acknowledges && segment.acknowledgment !== this.highest) {
      if ((segment.flags & flags.rst) === 0) this.sendResetFor(segment);
      return;
    }
    if ((segment.flags & flags.rst) !== 0) {
      if (acknowledges) this.finish('refused');
      return;
    }
    if ((segment.flags & flags.syn) === 0 || !acknowledges) return;
    this.takeHandshake(segment);
    this.congestion = new Congestion(this.mss);
    this.established(segment);
    this.oweAck();
    this.transmit();
  }

  private receiveSynchronized(segment: Segment): void {
    const { flags: set } = segment;
    if (!this.isAcceptable(segment)) {
      if ((set & flags.rst) !== 0) return;
      // Our SYN-ACK was lost, or the guest asks whether we are still there.
      if (this.state === 'received' && (set & flags.syn) !== 0) {
        this.attempts = Math.max(this.attempts, 1);
        this.sendHandshake();
      } else this.acknowledge();
      return;
    }
    if ((set & flags.rst) !== 0) {
      // Only the exact number is believed (RFC 5961, 3.2).
      if (segment.sequence === this.expected) this.finish(this.state === 'received' ? 'refused' : 'reset');
      else this.acknowledge();
      return;
    }
    if ((set & flags.syn) !== 0) {
      this.acknowledge();
      return;
    }
    if ((set & flags.ack) === 0) return;
    if (this.state === 'received') {
      if (segment.acknowledgment !== this.highest) {
        this.sendResetFor(segment);
        return;
      }
      this.established(segment);
    }
    if (!this.takeAcknowledgment(segment) || this.isOver) return;
    this.takeData(segment);
    if (!this.isOver) this.transmit();
  }

  private established(segment: Segment): void {
    if (this.attempts === 0) this.timer.measured(this.options.clock.now() - (this.measuring?.since ?? 0));
    this.measuring = undefined;
    this.state = 'open';
    this.oldest = this.next = this.highest;
    this.attempts = 0;
    this.deadline = Infinity;
    this.updateWindow(segment);
    this.user.opened();
  }

  /** RFC 9293, table 6. */
  private isAcceptable(segment: Segment): boolean {
    const length = sequenceLength(segment);
    const window = distance(this.expected, this.edge);
    const start = distance(this.expected, segment.sequence);
    if (length === 0) return window === 0 ? start === 0 : start >= 0 && start < window;
    const last = start + length - 1;
    return window > 0 && ((start >= 0 && start < window) || (last >= 0 && last < window));
  }

  /** @returns false when the segment must not be looked at further */
  private takeAcknowledgment(segment: Segment): boolean {
    const { acknowledgment } = segment;
    if (distance(this.highest, acknowledgment) > 0) {
      this.acknowledge();
      return false;
    }
    const progress = distance(this.oldest, acknowledgment);
    if (progress > 0) this.takeProgress(acknowledgment, progress);
    else if (progress === 0) this.takeDuplicate(segment);
    if (progress >= 0) this.updateWindow(segment);
    if (this.endSequence !== undefined && distance(this.endSequence, this.oldest) > 0) this.endAcknowledged();
    return true;
  }

  private takeProgress(acknowledgment: number, progress: number): void {
    const endTaken = this.endSequence !== undefined && acknowledgment === add(this.endSequence, 1);
    this.unsent.drop(endTaken ? progress - 1 : progress);
    this.oldest = acknowledgment;
    if (distance(this.next, acknowledgment) > 0) this.next = acknowledgment;
    this.attempts = 0;
    this.duplicates = 0;
    if (this.measuring && distance(this.measuring.sequence, acknowledgment) >= 0) {
      this.timer.measured(this.options.clock.now() - this.measuring.since);
      this.measuring = undefined;
    } else {
      this.timer.progressed();
    }
    if (this.recoverTo === undefined) {
      this.congestion.acknowledged(progress);
    } else if (distance(this.recoverTo, acknowledgment) >= 0) {
      this.recoverTo = undefined;
      this.congestion.recovered();
    } else {
      // Something else was lost too (RFC 6582).
      this.congestion.partly(progress);
      this.resendFirst();
    }
    this.arm(this.oldest === this.highest ? Infinity : this.timer.timeout);
    if (this.full && this.unsent.length <= sendCapacity / 2) {
      this.full = false;
      this.user.drained();
    }
  }

  private takeDuplicate(segment: Segment): void {
    const underWay = distance(this.oldest, this.highest);
    // What it takes to be one: RFC 5681, 2.
    if (sequenceLength(segment) > 0 || this.windowOf(segment) !== this.peerWindow || underWay === 0) return;
    if (this.probing) return;
    this.duplicates++;
    if (this.recoverTo !== undefined) {
      this.congestion.inflate();
    } else if (this.duplicates === duplicatesForLoss) {
      this.recoverTo = this.highest;
      this.congestion.lost(underWay);
      this.resendFirst();
    }
  }

  private updateWindow(segment: Segment): void {
    // A segment that was overtaken says nothing new (RFC 9293, 3.10.7.4: SND.WL1).
    if (distance(this.windowFrom, segment.sequence) < 0) return;
    this.windowFrom = segment.sequence;
    this.peerWindow = this.windowOf(segment);
    if (this.peerWindow === 0) return;
    if (this.probing) {
      // What was sent into the closed window did not fit, unless it has been acknowledged.
      this.probing = false;
      this.next = this.oldest;
      this.deadline = Infinity;
      this.timer.progressed();
    } else if (this.oldest === this.highest) {
      this.deadline = Infinity;
    }
  }

  private windowOf({ flags: set, window }: Segment): number {
    return (set & flags.syn) === 0 ? window * 2 ** (this.peerShift ?? 0) : window;
  }

  private takeData(segment: Segment): void {
    if (this.state !== 'open') {
      if (sequenceLength(segment) > 0) this.oweAck();
      return;
    }
    if ((segment.flags & flags.fin) !== 0) this.endAt = add(segment.sequence, segment.data.length);
    const { data } = segment;
    const skip = distance(segment.sequence, this.expected);
    if (data.length > 0 && !this.guestEnded) {
      const room = distance(this.expected, this.edge);
      if (skip >= 0 && skip < data.length) {
        this.deliver(data.subarray(skip, skip + room));
        for (let more = this.early.take(this.expected); more; more = this.early.take(this.expected)) {
          this.deliver(more);
          if (this.isOver) return;
        }
        // A gap that has been filled is told at once, for the guest is waiting to hear it.
        if (!this.early.isEmpty) this.acknowledge();
        else this.oweAck();
      } else {
        if (skip < 0) this.early.add(segment.sequence, data.subarray(0, room + skip));
        this.acknowledge();
      }
    } else if (sequenceLength(segment) > 0) {
      this.oweAck();
    }
    if (this.endAt === this.expected && !this.guestEnded) this.takeEnd();
  }

  private deliver(data: Buffer): void {
    this.expected = add(this.expected, data.length);
    this.user.data(data);
  }

  private takeEnd(): void {
    this.guestEnded = true;
    this.expected = add(this.expected, 1);
    this.early.clear();
    this.acknowledge();
    this.user.ended();
    if (this.endSequence !== undefined && distance(this.endSequence, this.oldest) > 0) this.waitAfterEnd();
  }

  private endAcknowledged(): void {
    if (!this.guestEnded || this.isOver) return;
    // We have ended first or both at once when the guest has not ended before our FIN was sent.
    if (this.endedFirst) this.waitAfterEnd();
    else this.finish('closed');
  }

  private waitAfterEnd(): void {
    this.state = 'time-wait';
    this.release();
    this.user.closed('closed');
    this.arm(timeWaitMs);
  }

  /** Sends what the windows allow (RFC 9293, 3.8.6.2.1: no silly windows; RFC 896 is left to the two ends). */
  private transmit(): void {
    if (this.state !== 'open') return;
    const window = Math.min(this.peerWindow, Math.floor(this.congestion.window));
    for (;;) {
      const inFlight = distance(this.oldest, this.next);
      const available = this.unsent.length - inFlight;
      if (available > 0) {
        const length = Math.min(this.mss, available, window - inFlight);
        if (length <= 0 || (length < this.mss && length < available && inFlight > 0)) break;
        this.sendData(this.next, length, length === available);
        this.next = add(this.next, length);
      } else if (this.ending && this.next !== add(this.endSequence ?? this.next, 1)) {
        this.sendEnd();
      } else {
        break;
      }
      this.advanceHighest();
    }
    if (this.deadline !== Infinity) return;
    // With nothing under way only a question can find out when a closed window opens (RFC 9293, 3.8.6.1).
    if (this.oldest !== this.highest || this.unsent.length > 0) this.arm(this.timer.timeout);
  }

  private advanceHighest(): void {
    if (distance(this.highest, this.next) <= 0) return;
    if (!this.measuring && this.recoverTo === undefined) {
      this.measuring = { sequence: this.next, since: this.options.clock.now() };
    }
    this.highest = this.next;
  }

  private sendData(sequence: number, length: number, push: boolean): void {
    const offset = distance(this.oldest, sequence);
    this.emit(push ? flags.ack | flags.push : flags.ack, sequence, length, (target, at) =>
      this.unsent.copy(target, at, offset, length),
    );
  }

  private sendEnd(): void {
    if (this.endSequence === undefined) this.endedFirst = !this.guestEnded;
    this.endSequence ??= this.next;
    this.emit(flags.ack | flags.fin, this.endSequence, 0);
    this.next = add(this.endSequence, 1);
  }

  /** Sends the oldest unacknowledged segment once more. */
  private resendFirst(): void {
    this.measuring = undefined;
    const length = Math.min(this.mss, this.unsent.length, distance(this.oldest, this.highest));
    if (length > 0) this.sendData(this.oldest, length, length === this.unsent.length);
    else if (this.endSequence === this.oldest) this.emit(flags.ack | flags.fin, this.oldest, 0);
  }

  private timeIsUp(): void {
    switch (this.state) {
      case 'time-wait':
        this.forget();
        return;
      case 'received':
      case 'sent':
        if (++this.attempts >= maxHandshakes) this.abort('timeout');
        else {
          this.timer.expired();
          this.sendHandshake();
        }
        return;
      case 'open':
        this.timer.expired();
        if (this.peerWindow === 0 && this.unsent.length > 0) this.probe();
        else this.resendAll();
    }
  }

  /** Asks for the window with a byte that does not fit into it. A guest that answers may keep it closed for ever. */
  private probe(): void {
    if (this.options.clock.now() - this.heard > maxSilenceMs) {
      this.abort('timeout');
      return;
    }
    this.measuring = undefined;
    this.sendData(this.oldest, 1, false);
    if (this.oldest === this.highest) {
      this.probing = true;
      this.next = this.highest = add(this.oldest, 1);
    }
    this.arm(this.timer.timeout);
  }

  private resendAll(): void {
    if (this.oldest !== this.highest && ++this.attempts > maxRetransmissions) {
      this.abort('timeout');
      return;
    }
    const underWay = distance(this.oldest, this.highest);
    if (underWay > 0) this.congestion.timedOut(underWay);
    this.measuring = undefined;
    this.recoverTo = undefined;
    this.duplicates = 0;
    this.next = this.oldest;
    this.deadline = Infinity;
    this.transmit();
  }

  private sendHandshake(): void {
    const start = this.options.initialSequence;
    const answering = this.state === 'received';
    this.measuring = { sequence: add(start, 1), since: this.options.clock.now() };
    this.options.output({
      sequence: start,
      acknowledgment: answering ? this.expected : 0,
      flags: answering ? flags.syn | flags.ack : flags.syn,
      window: 65_535,
      handshake: {
        mss: this.options.mss,
        windowShift: answering && this.peerShift === undefined ? undefined : ownShift,
      },
      length: 0,
    });
    if (answering) this.edge = add(this.expected, 65_535);
    this.next = this.highest = add(start, 1);
    this.arm(this.timer.timeout);
  }

  private oweAck(): void {
    if (this.ackDue) return;
    this.ackDue = true;
    this.options.due(this);
  }

  private acknowledge(): void {
    this.emit(flags.ack, this.highest, 0);
  }

  private emit(set: number, sequence: number, length: number, fill?: OutgoingSegment['fill']): void {
    this.ackDue = false;
    const told = this.expected;
    const room = this.room();
    const shift = this.peerShift === undefined ? 0 : ownShift;
    const window = Math.min(room >>> shift, 65_535);
    const edge = add(told, window * 2 ** shift);
    if (distance(this.edge, edge) > 0) this.edge = edge;
    this.options.output({ sequence, acknowledgment: told, flags: set, window, length, fill });
  }

  /** What may be received; not less than what the guest has been told. */
  private room(): number {
    return Math.max(receiveCapacity - this.user.backlog(), distance(this.expected, this.edge), 0);
  }

  private sendReset(): void {
    if (this.state === 'sent') this.output(flags.rst, this.highest, 0);
    else this.output(flags.rst | flags.ack, this.highest, this.expected);
  }

  /** To something that cannot belong to this connection. */
  private sendResetFor(segment: Segment): void {
    this.output(flags.rst, segment.acknowledgment, 0);
  }

  private output(set: number, sequence: number, acknowledgment: number): void {
    this.options.output({ sequence, acknowledgment, flags: set, window: 0, length: 0 });
  }

  /** Sees to it that `timeIsUp` is called in `ms` milliseconds; one timer serves many changes. */
  private arm(ms: number): void {
    const { clock } = this.options;
    this.deadline = ms === Infinity ? Infinity : clock.now() + ms;
    if (this.deadline >= this.timerAt) return;
    this.cancelTimer?.();
    this.schedule();
  }

  private schedule(): void {
    const { clock } = this.options;
    this.timerAt = this.deadline;
    this.cancelTimer = clock.after(Math.max(this.deadline - clock.now(), 0), () => {
      this.timerAt = Infinity;
      if (this.deadline === Infinity) return;
      if (clock.now() < this.deadline) this.schedule();
      else {
        this.deadline = Infinity;
        this.timeIsUp();
      }
    });
  }

  private release(): void {
    this.unsent.clear();
    this.early.clear();
    this.ackDue = false;
  }

  private finish(how: ConnectionEnd): void {
    this.state = 'closed';
    this.cancelTimer?.();
    this.release();
    this.options.gone(this);
    this.user.closed(how);
  }
}
