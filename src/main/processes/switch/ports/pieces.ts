/** Pieces that nobody uses at the moment are kept for the next, up to so many. */
const mostSpare = 16;

interface Piece {
  readonly memory: Buffer;
  readonly owner: Pieces;
  /** Views of it that somebody needs. */
  holds: number;
  /** Its owner writes into it no more. */
  givenBack: boolean;
}

const pieces = new WeakMap<ArrayBufferLike, Piece>();

/**
 * Memory in pieces of one size, each used again when nobody needs anything in it. Fresh memory for all that passes
 * would keep the garbage collector busy. Whoever forgets to release a view only loses that: the piece is collected
 * with the view then.
 */
export class Pieces {
  private readonly spare: Piece[] = [];

  /** @param size in bytes */
  constructor(readonly size: number) {}

  /** A piece with arbitrary contents. */
  take(): Buffer {
    const spare = this.spare.pop();
    if (spare) {
      spare.givenBack = false;
      return spare.memory;
    }
    const memory = Buffer.allocUnsafeSlow(this.size);
    pieces.set(memory.buffer, { memory, owner: this, holds: 0, givenBack: false });
    return memory;
  }

  /** The owner needs a piece no more; others may need views of it for a while. */
  giveBack(memory: Buffer): void {
    const piece = pieces.get(memory.buffer);
    if (!piece) return;
    piece.givenBack = true;
    this.keepIfFree(piece);
  }

  /** @internal for `release` */
  keepIfFree(piece: Piece): void {
    if (piece.givenBack && piece.holds === 0 && this.spare.length < mostSpare) this.spare.push(piece);
  }
}

/** Says that a view is needed beyond the call that it was given in. It may be one of any memory. */
export function hold(view: Uint8Array): void {
  const piece = pieces.get(view.buffer);
  if (piece) piece.holds++;
}

/** Takes back what `hold` has said of views of the same memory, so many times. */
export function release(view: Uint8Array, times: number): void {
  const piece = pieces.get(view.buffer);
  if (!piece || times === 0) return;
  piece.holds -= times;
  piece.owner.keepIfFree(piece);
}

/** Whether somebody needs a view of this memory. */
export function isHeld(memory: Uint8Array): boolean {
  return (pieces.get(memory.buffer)?.holds ?? 0) > 0;
}
