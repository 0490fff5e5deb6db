import type { Clock } from '../clock';

/** Time that passes when a test says so. */
export class VirtualClock implements Clock {
  private time = 0;
  private next = 1;
  private readonly timers = new Map<number, { at: number; action: () => void }>();
  private readonly waiting: (() => void)[] = [];

  readonly now = (): number => this.time;

  readonly after = (ms: number, action: () => void): (() => void) => {
    const id = this.next++;
    this.timers.set(id, { at: this.time + ms, action });
    return () => void this.timers.delete(id);
  };

  readonly soon = (action: () => void): void => void this.waiting.push(action);

  /** The number of timers that have not fired: what a layer has forgotten to take back shows here. */
  get pending(): number {
    return this.timers.size;
  }

  /** Does what is to be done at once, also what that leads to. */
  settle(): void {
    for (let action = this.waiting.shift(); action; action = this.waiting.shift()) action();
  }

  /** Lets `ms` milliseconds pass, firing every timer at its own moment. */
  advance(ms: number): void {
    const end = this.time + ms;
    this.settle();
    for (;;) {
      let first: [number, { at: number; action: () => void }] | undefined;
      for (const entry of this.timers) if (!first || entry[1].at < first[1].at) first = entry;
      if (!first || first[1].at > end) break;
      this.timers.delete(first[0]);
      this.time = Math.max(this.time, first[1].at);
      first[1].action();
      this.settle();
    }
    this.time = end;
  }
}
