import type { StateSink } from '../../engine';

/**
 * A sink that keeps what comes for a moment, so that this process hears of the guest's going on at once instead of
 * compressing meanwhile, and leaves the processors to QEMU. It keeps little more than `most` bytes, and never makes
 * the writer wait for the guest: a QEMU that cannot get rid of its memory serves no page to its own main loop either,
 * which then lets nobody go on.
 */
export class HeldSink implements StateSink {
  #held: Uint8Array[] = [];
  #seen = 0;
  #isReleased = false;

  /** @param full called when there are `most` bytes */
  constructor(
    private readonly sink: StateSink,
    private readonly most: number,
    private readonly full: () => void,
  ) {}

  /** The data is kept as it is, without a copy. */
  async write(data: Uint8Array): Promise<void> {
    if (this.#isReleased) {
      await this.drain();
      await this.sink.write(data);
      return;
    }
    this.#held.push(data);
    this.#seen += data.length;
    if (this.#seen < this.most) return;
    this.full();
    await this.drain();
  }

  /** From here on everything is passed on, when the next piece comes. */
  release(): void {
    this.#isReleased = true;
  }

  /** Passes on what is still kept: to be called when nothing more comes. */
  async drain(): Promise<void> {
    this.release();
    const held = this.#held;
    this.#held = [];
    for (const data of held) await this.sink.write(data);
  }
}
