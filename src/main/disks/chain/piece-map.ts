/** Which pieces of a disk something is known about: one bit for each. */
export class PieceMap {
  readonly #bits: Uint8Array;
  readonly pieces: number;

  /** @param size of the disk, @param pieceSize of each piece but the last; in bytes */
  constructor(
    readonly size: number,
    readonly pieceSize: number,
  ) {
    this.pieces = Math.ceil(size / pieceSize);
    this.#bits = new Uint8Array(Math.ceil(this.pieces / 8));
  }

  /** Marks every piece that has a byte of the stretch in it. */
  mark(offset: number, length: number): void {
    const end = Math.min(this.pieces, Math.ceil((offset + length) / this.pieceSize));
    for (let piece = Math.floor(offset / this.pieceSize); piece < end; piece++) {
      this.#bits[piece >> 3] = (this.#bits[piece >> 3] ?? 0) | (1 << (piece & 7));
    }
  }

  has(piece: number): boolean {
    return ((this.#bits[piece >> 3] ?? 0) & (1 << (piece & 7))) !== 0;
  }

  /**
   * Marked pieces that follow one another, in parts of at most `longest` bytes.
   * @param from where the first piece begins that counts, @param to where the last one ends, in bytes
   */
  *runs(longest: number, from = 0, to = this.size): Generator<{ offset: number; length: number }> {
    const most = Math.max(1, Math.floor(longest / this.pieceSize));
    const last = Math.ceil(to / this.pieceSize);
    for (let piece = Math.floor(from / this.pieceSize); piece < last;) {
      if (!this.has(piece)) {
        piece++;
        continue;
      }
      let end = piece + 1;
      while (end < last && end - piece < most && this.has(end)) end++;
      const offset = piece * this.pieceSize;
      yield { offset, length: Math.min(end * this.pieceSize, this.size) - offset };
      piece = end;
    }
  }

  /** Bytes in marked pieces. */
  get markedBytes(): number {
    let bytes = 0;
    for (const { length } of this.runs(Number.MAX_SAFE_INTEGER)) bytes += length;
    return bytes;
  }
}
