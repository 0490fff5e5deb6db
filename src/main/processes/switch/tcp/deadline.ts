import type { Clock } from '../clock';

/** One moment at which something is to be done, often put off: one timer of the clock serves many changes. */
export class Deadline {
  private at = Infinity;
  private timerAt = Infinity;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly action: () => void,
  ) {}

  get isSet(): boolean {
    return this.at !== Infinity;
  }

  /** Sees to it that the action is done in `ms` milliseconds, and not before. Infinity: not at all. */
  set(ms: number): void {
    this.at = ms === Infinity ? Infinity : this.clock.now() + ms;
    if (this.at >= this.timerAt) return;
    this.cancelTimer?.();
    this.schedule();
  }

  /** Takes the timer back too. */
  cancel(): void {
    this.at = this.timerAt = Infinity;
    this.cancelTimer?.();
  }

  private schedule(): void {
    this.timerAt = this.at;
    this.cancelTimer = this.clock.after(Math.max(this.at - this.clock.now(), 0), () => {
      this.timerAt = Infinity;
      if (this.at === Infinity) return;
      if (this.clock.now() < this.at) {
        this.schedule();
      } else {
        this.at = Infinity;
        this.action();
      }
    });
  }
}
