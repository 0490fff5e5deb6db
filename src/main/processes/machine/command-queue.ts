/** Carries out commands one at a time, in the order in which they came. */
export class CommandQueue {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(command: () => Promise<T>): Promise<T> {
    const result = this.#last.then(command);
    this.#last = result.catch(() => {}); // told to whoever asked for it
    return result;
  }
}
