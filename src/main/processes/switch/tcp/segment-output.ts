import type { ReceiveHalf } from './receive-half';
import { flags, maxSackRanges, type OutgoingSegment, sackLength, type Segment } from './segment';
import type { SendHalf } from './send-half';

const ownShift = 7;
/** The window that a SYN tells, at most: it is not scaled. */
const mostFirstWindow = 65_535;

export interface SegmentOutputOptions {
  mss: number;
  initialSequence: number;
  capacity(): number;
  output(segment: OutgoingSegment): void;
}

/** Makes the segments of one connection, each with what is known of both of its halves. */
export class SegmentOutput {
  constructor(
    private readonly options: SegmentOutputOptions,
    private readonly sending: SendHalf,
    private readonly receiving: ReceiveHalf,
  ) {}

  /** @param answering a SYN has come, which is acknowledged */
  handshake(answering: boolean): void {
    const { options, sending, receiving } = this;
    const window = Math.min(options.capacity(), mostFirstWindow);
    options.output({
      sequence: options.initialSequence,
      acknowledgment: answering ? receiving.expected : 0,
      flags: answering ? flags.syn | flags.ack : flags.syn,
      window,
      handshake: {
        mss: options.mss,
        windowShift: answering && sending.peerShift === undefined ? undefined : ownShift,
        sackPermitted: !answering || sending.selective,
      },
      length: 0,
    });
    receiving.handshakeSent(window);
    sending.handshakeSent();
  }

  acknowledge(): void {
    this.emit(flags.ack, this.sending.stream.highest, 0);
  }

  /** Sends a segment with what has been received, and the window. */
  emit(set: number, sequence: number, length: number, fill?: OutgoingSegment['fill']): void {
    const { options, sending, receiving } = this;
    const window = receiving.announce(sending.peerShift === undefined ? 0 : ownShift);
    const ranges = sending.selective ? receiving.ranges(maxSackRanges) : [];
    // With data only where there is room beside it.
    const sack = length + sackLength(ranges.length) <= options.mss ? ranges : [];
    const acknowledgment = receiving.expected;
    options.output({ sequence, acknowledgment, flags: set, window, sack, length, fill });
  }

  /** Ends the connection. @param answered the other side has said something */
  reset(answered: boolean): void {
    const { highest } = this.sending.stream;
    if (answered) this.plain(flags.rst | flags.ack, highest, this.receiving.expected);
    else this.plain(flags.rst, highest, 0);
  }

  /** Answers something that cannot belong to this connection. */
  resetFor({ acknowledgment }: Segment): void {
    this.plain(flags.rst, acknowledgment, 0);
  }

  private plain(set: number, sequence: number, acknowledgment: number): void {
    this.options.output({ sequence, acknowledgment, flags: set, window: 0, length: 0 });
  }
}
