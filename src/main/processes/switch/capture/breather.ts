/** Work at a stretch, in milliseconds: frames that come meanwhile wait for so long. */
const stretchMs = 4;

/** Divides long work into pieces, so that a network goes on while its capture is looked through. */
export class Breather {
  private since = performance.now();

  /** Whether it is time for `rest`. */
  get isDue(): boolean {
    return performance.now() - this.since >= stretchMs;
  }

  /** Lets everything else have its turn. */
  async rest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.since = performance.now();
  }
}
