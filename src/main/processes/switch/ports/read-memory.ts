/** Memory is taken from the system in pieces of this size, and read into as long as this much of it is left. */
const pieceSize = 512 * 1024;
const leastRead = 64 * 1024;

/**
 * The memory that a socket reads into: large enough that one read takes many frames, and used piece after piece,
 * because what was read stays in use until it has been sent on.
 */
export class ReadMemory {
  private piece = Buffer.allocUnsafeSlow(pieceSize);
  private used = 0;

  /** Where the next read may go. */
  next(): Buffer {
    if (pieceSize - this.used < leastRead) {
      this.piece = Buffer.allocUnsafeSlow(pieceSize);
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
}
