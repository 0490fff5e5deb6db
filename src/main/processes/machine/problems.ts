import { type ErrorValue, toErrorValue, toFailure } from '@shared/errors';

/** Thrown into requests that will never be carried out because the machine is ending. */
export class Abandoned extends Error {
  constructor() {
    super('The machine ended before the request could be carried out');
  }
}

/**
 * Faults of the host while it works for a guest's disks. The guest has no way to be told, so the request waits
 * here, the machine is paused, and when a person resumes it the request is tried again: nothing is lost.
 */
export class Problems {
  #current: ErrorValue | undefined;
  #waiting: { retry: () => void; abandon: (error: Abandoned) => void }[] = [];
  readonly #guards = new Set<(problem: ErrorValue) => void>();
  #ended = false;

  /** @param onProblem told of the first fault of each pause */
  constructor(private readonly onProblem: (problem: ErrorValue) => void) {}

  /** The fault that the machine waits for, if there is one. */
  get current(): ErrorValue | undefined {
    return this.#current;
  }

  /** Carries out `request`, again and again until it succeeds. @throws Abandoned */
  async persist<T>(request: () => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#ended) throw new Abandoned();
      try {
        return await request();
      } catch (error) {
        await this.#wait(toErrorValue(error));
      }
    }
  }

  /** Tries everything again that has failed. */
  retry(): void {
    this.#current = undefined;
    for (const { retry } of this.#waiting.splice(0)) retry();
  }

  /** Gives up what has failed, and whatever will fail from now on. */
  abandon(): void {
    this.#ended = true;
    for (const { abandon } of this.#waiting.splice(0)) abandon(new Abandoned());
  }

  /** The result of `work`; but a fault that is there already, or arises before it is done, is thrown. */
  guard<T>(work: Promise<T>): Promise<T> {
    if (this.#current) return Promise.reject(toFailure(this.#current));
    return new Promise((resolve, reject) => {
      const fault = (problem: ErrorValue): void => reject(toFailure(problem));
      this.#guards.add(fault);
      void work.then(resolve, reject).finally(() => this.#guards.delete(fault));
    });
  }

  #wait(problem: ErrorValue): Promise<void> {
    const isNew = this.#current === undefined;
    this.#current ??= problem;
    const waiting = new Promise<void>((retry, abandon) => this.#waiting.push({ retry, abandon }));
    for (const fault of this.#guards) fault(problem);
    if (this.#ended) this.abandon();
    else if (isNew) this.onProblem(problem);
    return waiting;
  }
}
