/** What is asked of the app while it is starting waits until it has begun. */
export class Later {
  private waiting: (() => void)[] | undefined = [];

  /** Runs the action now, or as soon as the app has begun. */
  run(action: () => void): void {
    if (this.waiting) this.waiting.push(action);
    else action();
  }

  begin(): void {
    const actions = this.waiting ?? [];
    this.waiting = undefined;
    for (const action of actions) action();
  }
}
