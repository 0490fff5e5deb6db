/**
 * QEMU's framing of a stream socket (its manual, `-netdev stream`; `net/stream.c`): each frame behind its length,
 * 32 bits, big-endian.
 */
export const prefixLength = 4;
/** An Ethernet header; and the largest IPv4 packet behind one with two VLAN tags. */
const shortestFrame = 14;
export const longestFrame = 65_535 + 14 + 8;

/** The other end does not keep to the framing: where its next frame begins cannot be known any more. */
export class FramingError extends Error {}

/**
 * The length of the frame at `offset`. Precondition: its prefix is there.
 *
 * @throws FramingError when it cannot be one
 */
export function frameLength(bytes: Uint8Array, offset: number): number {
  const length =
    ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>>
    0;
  if (length < shortestFrame || length > longestFrame) throw new FramingError(`a frame of ${length} bytes`);
  return length;
}

/**
 * Takes whole frames from the front of a chunk.
 *
 * @returns where it stopped: at the end, or at the first frame that is not whole
 */
export type TakeFrames = (chunk: Buffer, start: number) => number;

/** Puts the frames together that came in pieces. Everything else stays in the chunk that it came in. */
export class FrameReader {
  /** The frame under way: what is there of it, with room for the rest once its length is known. */
  private partial: Buffer | undefined;
  private filled = 0;

  constructor(private readonly take: TakeFrames) {}

  /** @throws FramingError; nothing more can be read then */
  push(chunk: Buffer): void {
    let position = 0;
    while (this.partial && position < chunk.length) position = this.continue(this.partial, chunk, position);
    if (position === chunk.length) return;
    const end = this.take(chunk, position);
    if (end < chunk.length) this.begin(chunk, end);
  }

  private begin(chunk: Buffer, start: number): void {
    const there = chunk.length - start;
    const size = there < prefixLength ? prefixLength : prefixLength + frameLength(chunk, start);
    this.partial = Buffer.allocUnsafe(size);
    this.filled = chunk.copy(this.partial, 0, start);
  }

  private continue(partial: Buffer, chunk: Buffer, start: number): number {
    const copied = chunk.copy(partial, this.filled, start);
    this.filled += copied;
    if (this.filled < partial.length) return start + copied;
    if (partial.length === prefixLength) {
      // Only now its length is known.
      const whole = Buffer.allocUnsafe(prefixLength + frameLength(partial, 0));
      partial.copy(whole);
      this.partial = whole;
    } else {
      this.partial = undefined;
      this.take(partial, 0);
    }
    return start + copied;
  }
}

/** Puts a frame's length in front of it. */
export function framed(frame: Uint8Array): Buffer {
  const result = Buffer.allocUnsafe(prefixLength + frame.length);
  result.writeUInt32BE(frame.length);
  result.set(frame, prefixLength);
  return result;
}
