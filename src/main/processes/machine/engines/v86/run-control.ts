/** What can be started and stopped; both resolve when it has happened. */
export interface Processor {
  run(): void;
  stop(): Promise<void>;
}

/** Why the processor stands still. */
export type HoldReason = 'not-started' | 'person' | 'problem' | 'slow-disk' | 'operation' | 'ended';

/**
 * Decides whether the guest's processor runs: it does while nobody holds it. Several reasons can hold at a time,
 * so that, for example, a machine that a person has paused stays paused when its slow disk has caught up.
 */
export class RunControl {
  readonly #holds = new Set<HoldReason>(['not-started']);
  #running = false;
  #settled: Promise<void> = Promise.resolve();

  constructor(private readonly processor: Processor) {}

  holds(reason: HoldReason): boolean {
    return this.#holds.has(reason);
  }

  /** Resolves when no guest instruction runs any more. */
  hold(reason: HoldReason): Promise<void> {
    this.#holds.add(reason);
    return this.#settle();
  }

  /** Resolves when the processor runs, or when it is clear that another reason holds it. */
  release(reason: HoldReason): Promise<void> {
    this.#holds.delete(reason);
    return this.#settle();
  }

  /** Runs `work` while the processor stands still. */
  async during<T>(work: () => Promise<T> | T): Promise<T> {
    await this.hold('operation');
    try {
      return await work();
    } finally {
      await this.release('operation');
    }
  }

  #settle(): Promise<void> {
    this.#settled = this.#settled.then(async () => {
      const wanted = this.#holds.size === 0;
      if (wanted === this.#running) return;
      this.#running = wanted;
      if (wanted) this.processor.run();
      else await this.processor.stop();
    });
    return this.#settled;
  }
}
