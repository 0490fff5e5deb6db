import type { Clock } from '../clock';
import type { ConnectionEnd, ConnectionUser } from './connection-user';
import { Deadline } from './deadline';
import { Liveness } from './liveness';
import { ReceiveHalf } from './receive-half';
import { flags, type OutgoingSegment, type Segment, sequenceLength } from './segment';
import { SegmentOutput } from './segment-output';
import { SendHalf } from './send-half';
import { add, distance } from './sequence';

export type { ConnectionEnd, ConnectionUser } from './connection-user';

export const maxHandshakes = 6;
/**
 * How long the last acknowledgement may have to be repeated, from the last time that it was asked for. RFC 9293 says
 * 4 minutes; nothing lives that long here, and this is as long as the longest wait of the other side.
 */
const timeWaitMs = 60_000;

export interface ConnectionOptions {
  clock: Clock;
  /** The longest payload of a segment that the link takes. */
  mss: number;
  initialSequence: number;
  output(segment: OutgoingSegment): void;
  /** How much may wait in each direction, in bytes. What has been promised is kept to. */
  capacity(): number;
  /** Called when `settle` is to be called at the end of the current call into the gateway. */
  due(connection: TcpConnection): void;
  /** The connection can be forgotten. */
  gone(connection: TcpConnection): void;
}

/**
 * `waiting`: the guest has asked, the host has not answered. `received`: SYN and SYN-ACK have been exchanged.
 * `sent`: we have asked the guest. `open`: from there until both sides have ended. `time-wait` as in RFC 9293.
 */
type State = 'waiting' | 'received' | 'sent' | 'open' | 'time-wait' | 'closed';

/** The gateway's end of one TCP connection with a guest (RFC 9293, with RFC 2018, 5681, 5961, 6298, 6582, 6675, 7323). */
export class TcpConnection {
  private state: State;
  private readonly sending: SendHalf;
  private readonly receiving: ReceiveHalf;
  private readonly deadline: Deadline;
  private readonly segments: SegmentOutput;
  private readonly liveness: Liveness;
  private ackDue = false;

  /** @param first the guest's SYN; undefined to open a connection to the guest ourselves */
  constructor(
    private readonly options: ConnectionOptions,
    private readonly user: ConnectionUser,
    first?: Segment,
  ) {
    const { initialSequence, mss, clock } = options;
    const capacity = (): number => options.capacity();
    this.liveness = new Liveness(clock.now());
    this.deadline = new Deadline(clock, () => this.timeIsUp());
    this.receiving = new ReceiveHalf(user, capacity);
    this.sending = new SendHalf({
      clock,
      mss,
      initialSequence,
      deadline: this.deadline,
      capacity,
      send: (set, sequence, length, fill) => this.emit(set, sequence, length, fill),
      drained: () => user.drained(),
    });
    this.segments = new SegmentOutput(options, this.sending, this.receiving);
    this.state = first ? 'waiting' : 'sent';
    if (first) this.takeHandshake(first);
    else this.sendHandshake();
  }

  get isWaiting(): boolean {
    return this.state === 'waiting';
  }

  get isOver(): boolean {
    return this.state === 'closed' || this.state === 'time-wait';
  }

  /** How much may wait in each direction now, in bytes. */
  get capacity(): number {
    return this.options.capacity();
  }

  /** The longest payload of a segment that both sides take. */
  get segmentLength(): number {
    return this.sending.mss;
  }

  /** Bytes that the guest has not acknowledged or not been sent. */
  get queued(): number {
    return this.sending.stream.length;
  }

  /** The host has answered: tell the guest. */
  accept(): void {
    if (this.state !== 'waiting') return;
    this.state = 'received';
    this.sendHandshake();
  }

  /** @returns false when the caller should wait for `drained` */
  write(bytes: Uint8Array): boolean {
    if (this.sending.stream.isEnding || this.isOver) return true;
    const hasRoom = this.sending.write(bytes);
    this.transmit();
    return hasRoom;
  }

  /** No more data will come: sends FIN behind what is still to be sent. */
  end(): void {
    if (this.sending.stream.isEnding || this.isOver) return;
    this.sending.stream.isEnding = true;
    this.transmit();
  }

  /** Ends at once with a RST. */
  abort(how: ConnectionEnd = 'reset'): void {
    if (this.isOver) return;
    this.segments.reset(this.state !== 'sent');
    this.finish(how);
  }

  /** Ends without telling the guest, who has been told otherwise. */
  drop(how: ConnectionEnd): void {
    if (!this.isOver) this.finish(how);
  }

  /** Nobody takes data any more: what the guest is still to get goes on, and then it has a while to end its half. */
  orphan(): void {
    if (!this.isOver) this.liveness.orphan(this.options.clock.now());
  }

  /** The host has taken data: the guest may have to be told that there is room. */
  consumed(): void {
    if (this.state !== 'open' || this.receiving.ended) return;
    if (this.receiving.isWorthTelling(this.sending.mss)) this.acknowledge();
  }

  /**
   * Sends what is due at the end of a call into the gateway: an acknowledgement of two segments' worth of data. One of
   * less waits for an answer to go with (RFC 9293, 3.8.6.3), for every frame interrupts the guest.
   *
   * @returns whether `acknowledgeOwed` should be called after a while
   */
  settle(): boolean {
    if (this.receiving.unacknowledged >= 2 * this.sending.mss) this.acknowledgeOwed();
    return this.ackDue;
  }

  /** Sends the acknowledgement that has not gone with anything else. */
  acknowledgeOwed(): void {
    if (this.ackDue && !this.isOver) this.acknowledge();
    this.ackDue = false;
  }

  /** Called now and then: asks after guests that have long been silent, and gives up those that do not answer. */
  sweep(): void {
    if (this.isOver) return;
    const verdict = this.liveness.judge(this.options.clock.now(), this.queued);
    if (verdict === 'give up') this.abort('timeout');
    else if (verdict === 'ask' && this.state === 'open') {
      this.emit(flags.ack, add(this.sending.stream.oldest, -1), 0);
    }
  }

  /** A segment of the guest (RFC 9293, 3.10.7). */
  receive(segment: Segment): void {
    this.liveness.spoke();
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
    return this.state === 'time-wait' && distance(this.receiving.expected, segment.sequence) > 0;
  }

  /** Forgets a connection in `time-wait` early. */
  forget(): void {
    this.deadline.cancel();
    this.state = 'closed';
    this.options.gone(this);
  }

  private takeHandshake(segment: Segment): void {
    this.receiving.start(segment.sequence);
    this.sending.takeHandshake(segment);
  }

  private receiveAnswer(segment: Segment): void {
    const acknowledges = (segment.flags & flags.ack) !== 0;
    if (acknowledges && segment.acknowledgment !== this.sending.stream.highest) {
      if ((segment.flags & flags.rst) === 0) this.segments.resetFor(segment);
      return;
    }
    if ((segment.flags & flags.rst) !== 0) {
      if (acknowledges) this.finish('refused');
      return;
    }
    if ((segment.flags & flags.syn) === 0 || !acknowledges) return;
    this.takeHandshake(segment);
    this.established(segment);
    this.oweAck();
    this.transmit();
  }

  private receiveSynchronized(segment: Segment): void {
    const { flags: set } = segment;
    if (!this.receiving.isAcceptable(segment)) {
      this.receiveUnacceptable(segment);
      return;
    }
    if ((set & flags.rst) !== 0) {
      // Only the exact number is believed (RFC 5961, 3.2).
      if (segment.sequence === this.receiving.expected) this.takeReset();
      else this.acknowledge();
      return;
    }
    if ((set & flags.syn) !== 0) {
      this.acknowledge();
      return;
    }
    if ((set & flags.ack) === 0) return;
    if (this.state === 'received') {
      if (segment.acknowledgment !== this.sending.stream.highest) {
        this.segments.resetFor(segment);
        return;
      }
      this.established(segment);
    }
    if (!this.sending.take(segment)) {
      this.acknowledge();
      return;
    }
    if (this.sending.stream.isEndAcknowledged) this.endAcknowledged();
    if (this.isOver) return;
    this.takeData(segment);
    if (!this.isOver) this.transmit();
  }

  private receiveUnacceptable(segment: Segment): void {
    if ((segment.flags & flags.rst) !== 0) return;
    // Our SYN-ACK was lost, or the guest asks whether we are still there.
    if (this.state === 'received' && (segment.flags & flags.syn) !== 0) {
      this.sending.handshakeRepeated();
      this.sendHandshake();
      return;
    }
    this.acknowledge();
    // Its end once more: our last acknowledgement was lost, and may be so again (RFC 9293, 3.10.7.4).
    if (this.state === 'time-wait' && (segment.flags & flags.fin) !== 0) this.deadline.set(timeWaitMs);
  }

  /** Once both have ended and all has arrived, a RST takes nothing away (RFC 9293, 3.10.7.4: LAST-ACK). */
  private takeReset(): void {
    if (this.state === 'time-wait') this.forget();
    else if (this.state === 'received') this.finish('refused');
    else
      this.finish(this.receiving.ended && this.sending.stream.isAllButEndAcknowledged ? 'closed' : 'reset');
  }

  private established(segment: Segment): void {
    this.sending.established(segment);
    this.state = 'open';
    this.user.opened();
  }

  private takeData(segment: Segment): void {
    if (this.state !== 'open') {
      if (sequenceLength(segment) > 0) this.oweAck();
      return;
    }
    const owed = this.receiving.take(segment, () => !this.isOver);
    if (this.isOver) return;
    if (!this.receiving.takeEnd()) {
      if (owed === 'now') this.acknowledge();
      // It may have been answered already, which has acknowledged it.
      else if (owed === 'later' && this.receiving.unacknowledged > 0) this.oweAck();
      return;
    }
    this.acknowledge();
    this.user.ended();
    if (this.sending.stream.isEndAcknowledged) this.waitAfterEnd();
  }

  private endAcknowledged(): void {
    if (!this.receiving.ended || this.isOver) return;
    // We have ended first or both at once when the guest has not ended before our FIN was sent.
    if (this.sending.stream.endedFirst) this.waitAfterEnd();
    else this.finish('closed');
  }

  private waitAfterEnd(): void {
    // Whoever was told of the end may have ended it in another way.
    if (this.isOver) return;
    this.state = 'time-wait';
    this.release();
    this.user.closed('closed');
    this.deadline.set(timeWaitMs);
  }

  private transmit(): void {
    if (this.state === 'open') this.sending.transmit(this.receiving.ended);
  }

  private timeIsUp(): void {
    switch (this.state) {
      case 'time-wait':
        this.forget();
        return;
      case 'received':
      case 'sent':
        if (this.sending.handshakeExpired() >= maxHandshakes) this.abort('timeout');
        else this.sendHandshake();
        return;
      case 'open': {
        // A guest that answers may keep its window closed for ever.
        const isSilent = this.sending.isHeldUp && this.liveness.isSilent(this.options.clock.now());
        if (isSilent || !this.sending.expired()) this.abort('timeout');
        else this.transmit();
      }
    }
  }

  private sendHandshake(): void {
    this.segments.handshake(this.state === 'received');
  }

  private oweAck(): void {
    this.ackDue = true;
    this.options.due(this);
  }

  private acknowledge(): void {
    this.ackDue = false;
    this.segments.acknowledge();
  }

  private emit(set: number, sequence: number, length: number, fill?: OutgoingSegment['fill']): void {
    this.ackDue = false;
    this.segments.emit(set, sequence, length, fill);
  }

  private release(): void {
    this.sending.clear();
    this.receiving.clear();
    this.ackDue = false;
  }

  private finish(how: ConnectionEnd): void {
    this.state = 'closed';
    this.deadline.cancel();
    this.release();
    this.options.gone(this);
    this.user.closed(how);
  }
}
