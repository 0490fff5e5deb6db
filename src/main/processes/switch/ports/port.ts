/** What has gone through a port, seen from the switch. Bytes are those of frames, without their framing. */
export interface PortCounters {
  receivedFrames: number;
  receivedBytes: number;
  sentFrames: number;
  sentBytes: number;
  /** Frames that were to be sent and were not, for the queue was full. */
  droppedFrames: number;
  /** The same, for nobody was at the other end. */
  unconnectedFrames: number;
  /** Received frames that the switch did not take, for their sender's address belongs to somebody else. */
  refusedFrames: number;
  /** Frames of either direction that were lost on purpose: the cable is to be like that. */
  lostFrames: number;
}

export function noTraffic(): PortCounters {
  return {
    receivedFrames: 0,
    receivedBytes: 0,
    sentFrames: 0,
    sentBytes: 0,
    droppedFrames: 0,
    unconnectedFrames: 0,
    refusedFrames: 0,
    lostFrames: 0,
  };
}

/** One socket of the switch, as the switch sees it. */
export interface SwitchPort {
  readonly id: string;
  readonly counters: PortCounters;
  /**
   * Takes a run of whole frames, each behind its length. The bytes stay as they are for as long as the port says
   * that it needs them, which is for good: memory that nobody needs after the call is used again at once.
   *
   * @param frames how many they are
   * @param from where they came from
   * @param patient whether `from` may be made to wait (`hold`) when there is too much; frames that are flooded
   * must not make anybody wait
   * @returns whether the port needs the bytes beyond the call; it releases them (`release` of `pieces.ts`) when it does
   * not any more
   */
  deliver(run: Buffer, frames: number, from: SwitchPort, patient: boolean): boolean;
  /** Stops reading until `release` has been called as often. */
  hold(): void;
  release(): void;
}
