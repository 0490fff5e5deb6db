import { headerLength, shortestFrame } from '../ethernet/frame';
import { prefixLength } from '../../../platform/frame-stream';

/** Where the gateway's layers put their frames. */
export interface Link {
  /** The gateway's own hardware address. */
  readonly mac: number;
  /**
   * Room for one frame of `length` bytes, its header included, with arbitrary contents. What has been written
   * into it when the current call into the gateway returns is what is sent.
   */
  frame(length: number): Buffer;
}

/** Frames are laid down one behind the other in pieces of this size, so that many can be sent as one run. */
const pieceSize = 256 * 1024;

/** A `Link` that collects frames, each behind its length, until they are taken away as runs. */
export class FrameArena implements Link {
  private piece = Buffer.allocUnsafeSlow(pieceSize);
  private start = 0;
  private end = 0;
  private readonly full: Buffer[] = [];

  /** @param filled told of the first frame after every `take` */
  constructor(
    readonly mac: number,
    private readonly filled: () => void,
  ) {}

  frame(length: number): Buffer {
    const padded = Math.max(length, shortestFrame, headerLength);
    const size = prefixLength + padded;
    if (this.start === this.end && this.full.length === 0) this.filled();
    if (this.end + size > this.piece.length) this.nextPiece(size);
    const offset = this.end;
    this.end += size;
    this.piece.writeUInt32BE(padded, offset);
    const frame = offset + prefixLength;
    if (padded > length) this.piece.fill(0, frame + length, frame + padded);
    return this.piece.subarray(frame, frame + length);
  }

  /** Takes away what has been laid down, as runs of framed frames. */
  take(): Buffer[] {
    const runs = this.full.splice(0);
    if (this.end > this.start) runs.push(this.piece.subarray(this.start, this.end));
    this.start = this.end;
    return runs;
  }

  private nextPiece(size: number): void {
    if (this.end > this.start) this.full.push(this.piece.subarray(this.start, this.end));
    this.piece = Buffer.allocUnsafeSlow(Math.max(pieceSize, size));
    this.start = 0;
    this.end = 0;
  }
}
