/** Questions under way, so that two callers do not ask twice. */
export class Once {
  readonly #asking = new Map<string, Promise<unknown>>();

  /** The answer to a question that somebody has asked already, or `ask`'s. One key always has one type of answer. */
  ask<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const asking = this.#asking.get(key) as Promise<T> | undefined;
    if (asking) return asking;
    const asked = ask().finally(() => this.#asking.delete(key));
    this.#asking.set(key, asked);
    return asked;
  }
}
