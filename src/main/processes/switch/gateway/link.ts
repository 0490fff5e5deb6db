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

/** A `Link` that collects frames, each behind its length, until they are passed on as runs. */
export class FrameArena implements Link {
  private readonly pieces = new Pieces(pieceSize);
  private piece = this.pieces.take();
  private start = 0;
  private end = 0;
  private full: { memory: Buffer; run: Buffer }[] = [];
  /** Those whose runs have been taken away and may not have been passed on yet. */
  private readonly leaving = new Set<Buffer>();
  /** How many calls of `pass` are under way, one within the other. */
  private passing = 0;

  /** @param filled told of the first frame after everything was passed */
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

  /**
   * Hands what has been laid down to `to`, as runs of framed frames. They stay as they are until this returns, and
   * for as long as somebody holds them. Whoever gets a run may answer it at once: more is laid down, and passed,
   * meanwhile.
   */
  pass(to: (run: Buffer) => void): void {
    this.passing++;
    try {
      for (const run of this.take()) to(run);
    } finally {
      this.passing--;
      if (this.passing === 0) this.passed();
    }
  }

  private take(): Buffer[] {
    const runs = this.full.map(({ run }) => run);
    if (this.end > this.start) runs.push(this.piece.subarray(this.start, this.end));
    for (const { memory } of this.full) this.leaving.add(memory);
    this.leaving.add(this.piece);
    this.full = [];
    this.start = this.end;
    return runs;
  }

  /** What nobody needs is used again; answers that are still to be passed may lie behind what has been. */
  private passed(): void {
    const waiting = new Set(this.full.map(({ memory }) => memory)).add(this.piece);
    for (const memory of this.leaving) if (!waiting.has(memory)) this.pieces.giveBack(memory);
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
