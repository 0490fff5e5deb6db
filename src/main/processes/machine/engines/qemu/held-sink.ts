import type { StateSink } from '../../engine';

/**
 * A sink that keeps what comes for a moment, so that this process hears of the guest's going on at once instead of
 * compressing meanwhile, and leaves the processors to QEMU. It keeps little more than `most` bytes: then whoever writes
 * waits for `release`.
 */
export class HeldSink implements StateSink {
  #held: Uint8Array[] = [];
  #seen = 0;
  readonly #released: Promise<void>;
  #isReleased = false;
  #resolve: () => void = () => {};

  /** @param full called when there are `most` bytes */
  constructor(
    private readonly sink: StateSink,
    private readonly most: number,
    private readonly full: () => void,
  ) {
    this.#released = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** The data is kept as it is, without a copy. */
  async write(data: Uint8Array): Promise<void> {
    if (!this.#isReleased) {
      this.#held.push(data);
      this.#seen += data.length;
      if (this.#seen < this.most) return;
      this.full();
      await this.#released;
      return this.drain();
    }
    await this.drain();
    await this.sink.write(data);
  }

  /** From here on everything is passed on, when the next piece comes. */
  release(): void {
    this.#isReleased = true;
    this.#resolve();
  }

  /** Passes on what is still kept: to be called when nothing more comes. */
  async drain(): Promise<void> {
    this.release();
    const held = this.#held;
    this.#held = [];
    for (const data of held) await this.sink.write(data);
  }
}
