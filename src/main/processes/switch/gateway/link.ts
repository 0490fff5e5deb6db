import { headerLength, shortestFrame } from '../ethernet/frame';
import { prefixLength } from '../../../platform/frame-stream';
import { isHeld, Pieces } from '../ports/pieces';

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
  private readonly pieces = new Pieces(pieceSize);
  private piece = this.pieces.take();
  private start = 0;
  private end = 0;
  private full: { memory: Buffer; run: Buffer }[] = [];
  /** Those whose runs have been taken away and may not have been passed on yet. */
  private readonly leaving = new Set<Buffer>();

  /** @param filled told of the first frame after every `take` */
  constructor(
    readonly mac: number,
    private readonly filled: () => void,
  ) {}

  frame(length: number): Buffer {
    const padded = Math.max(length, shortestFrame, headerLength);
    const size = prefixLength + padded;
    if (this.start === this.end && this.full.length === 0) {
      this.filled();
      if (this.leaving.size === 0 && !isHeld(this.piece)) this.start = this.end = 0;
    }
    if (this.end + size > this.piece.length) this.nextPiece();
    const offset = this.end;
    this.end += size;
    this.piece.writeUInt32BE(padded, offset);
    const frame = offset + prefixLength;
    if (padded > length) this.piece.fill(0, frame + length, frame + padded);
    return this.piece.subarray(frame, frame + length);
  }

  /** Takes away what has been laid down, as runs of framed frames. They stay as they are until `passed`. */
  take(): Buffer[] {
    const runs = this.full.map(({ run }) => run);
    if (this.end > this.start) runs.push(this.piece.subarray(this.start, this.end));
    for (const { memory } of this.full) this.leaving.add(memory);
    this.leaving.add(this.piece);
    this.full = [];
    this.start = this.end;
    return runs;
  }

  /** What was taken away has been passed on: what nobody holds is used again. */
  passed(): void {
    for (const memory of this.leaving) if (memory !== this.piece) this.pieces.giveBack(memory);
    this.leaving.clear();
  }

  private nextPiece(): void {
    if (this.end > this.start) {
      this.full.push({ memory: this.piece, run: this.piece.subarray(this.start, this.end) });
    } else if (!this.leaving.has(this.piece)) {
      this.pieces.giveBack(this.piece);
    }
    this.piece = this.pieces.take();
    this.start = 0;
    this.end = 0;
  }
}
