import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

/** So much is read before somebody takes it, in bytes. */
const mostAhead = 64 * 1024 * 1024;

type Take = (piece: Uint8Array) => Promise<void>;

/**
 * Reads a saved state while QEMU is still starting. What has been read waits here, at most `mostAhead` bytes and one
 * piece.
 */
export class StateAhead {
  readonly #waiting: Uint8Array[] = [];
  #bytes = 0;
  #isOver = false;
  #isStopped = false;
  /** Wakes the one side that waits for the other; they never both do. */
  #wake: () => void = () => {};
  readonly #reading: Promise<void>;

  /** @param read hands out all pieces in order; they stay what they are afterwards */
  constructor(read: (take: Take) => Promise<void>) {
    this.#reading = read((piece) => this.#add(piece)).finally(() => {
      this.#isOver = true;
      this.#wake();
    });
    this.#reading.catch(() => undefined); // told to whoever takes the pieces
  }

  /** Hands out all pieces, once. @throws what reading them throws, in its turn, and what `take` throws */
  async pieces(take: Take): Promise<void> {
    for (;;) {
      const piece = this.#waiting.shift();
      if (piece) {
        this.#bytes -= piece.length;
        this.#wake();
        await take(piece);
      } else if (this.#isOver) {
        return this.#reading;
      } else {
        await this.#woken();
      }
    }
  }

  /** Nobody takes any more. Resolves when nothing is being read any more; never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#reading.catch(() => undefined);
    this.#waiting.length = 0;
  }

  async #add(piece: Uint8Array): Promise<void> {
    this.#waiting.push(piece);
    this.#bytes += piece.length;
    this.#wake();
    while (this.#bytes > mostAhead && !this.#isStopped) await this.#woken();
    if (this.#isStopped) throw new Failure('cancelled', phrase('task.memoryUnwanted'));
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
