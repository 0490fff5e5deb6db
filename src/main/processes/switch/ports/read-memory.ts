import { hold, isHeld, Pieces } from './pieces';

/** What is read at once, at most, and the least room for it. */
const pieceSize = 512 * 1024;
const leastRead = 64 * 1024;

/**
 * The memory that a socket reads into: large enough that one read takes many frames. What somebody still needs stays
 * as it is, and the next read goes behind it; for the most part it has been sent on by then, and the same memory, which
 * the processor has at hand, is used again.
 */
export class ReadMemory {
  private readonly pieces = new Pieces(pieceSize);
  private piece = this.pieces.take();
  private used = 0;

  /** Where the next read may go. */
  next(): Buffer {
    if (!isHeld(this.piece)) {
      this.used = 0;
    } else if (pieceSize - this.used < leastRead) {
      this.pieces.giveBack(this.piece);
      this.piece = this.pieces.take();
      this.used = 0;
    }
    return this.piece.subarray(this.used);
  }

  /** What the last read has brought. */
  taken(length: number): Buffer {
    const start = this.used;
    this.used += length;
    return this.piece.subarray(start, this.used);
  }

  /** What has been read so far is needed for a time that nobody tells. */
  keep(): void {
    hold(this.piece);
  }
}
