import { type ErrorValue, toFailure } from '@shared/errors';

/** A fault that is still there shows within this time after going on, in milliseconds. */
const showsMs = 200;

/** The fault of the host that a machine stands still for, if there is one. */
export class HostFault {
  #current: ErrorValue | undefined;
  #expecting: ((problem: ErrorValue) => void) | undefined;

  /** @param told of the first fault of each pause, unless somebody has just had the machine go on and is told */
  constructor(private readonly told: (problem: ErrorValue) => void) {}

  get current(): ErrorValue | undefined {
    return this.#current;
  }

  /** @throws Failure the fault, if there is one */
  check(): void {
    if (this.#current) throw toFailure(this.#current);
  }

  /** The engine has stopped the guest because of it. */
  note(problem: ErrorValue): void {
    const isNew = this.#current === undefined;
    this.#current ??= problem;
    if (this.#expecting) this.#expecting(this.#current);
    else if (isNew) this.told(problem);
  }

  /**
   * Has the guest go on by `go`. When it stood still for a fault, this waits for a moment whether it is there again.
   *
   * @throws what `go` throws; the fault that is still there
   */
  async goOn(go: () => Promise<unknown>): Promise<void> {
    const waited = this.#current !== undefined;
    this.#current = undefined;
    if (!waited) {
      await go();
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    // It may come before the answer to `go` does.
    const again = new Promise<ErrorValue>((resolve) => (this.#expecting = resolve));
    try {
      await go().catch((error: unknown) => {
        // Nobody is told of the fault by this.
        if (this.#current) this.told(this.#current);
        throw error;
      });
      const quiet = new Promise<void>((resolve) => (timer = setTimeout(resolve, showsMs)));
      const problem = await Promise.race([again, quiet]);
      if (problem) throw toFailure(problem);
    } finally {
      clearTimeout(timer);
      this.#expecting = undefined;
    }
  }
}
