/** Milliseconds. RFC 6298 asks for at least a second; systems of today use this, on links as short as ours. */
export const shortestTimeout = 200;
export const longestTimeout = 60_000;
const firstTimeout = 1000;
/** The clock's grain (G of RFC 6298). */
const grain = 1;

/** How long an acknowledgement is waited for (RFC 6298). */
export class RetransmissionTimer {
  private smoothed: number | undefined;
  private variation = 0;
  private base = firstTimeout;
  private backoff = 1;

  /** Milliseconds. */
  get timeout(): number {
    return Math.min(this.base * this.backoff, longestTimeout);
  }

  /** Takes a measured round trip; never of data that was sent more than once (Karn's algorithm). */
  measured(ms: number): void {
    if (this.smoothed === undefined) {
      this.smoothed = ms;
      this.variation = ms / 2;
    } else {
      this.variation = 0.75 * this.variation + 0.25 * Math.abs(this.smoothed - ms);
      this.smoothed = 0.875 * this.smoothed + 0.125 * ms;
    }
    const timeout = this.smoothed + Math.max(grain, 4 * this.variation);
    this.base = Math.min(Math.max(timeout, shortestTimeout), longestTimeout);
    this.backoff = 1;
  }

  /** The time ran out: wait twice as long (5.5). */
  expired(): void {
    if (this.base * this.backoff < longestTimeout) this.backoff *= 2;
  }

  /** Something new was acknowledged. */
  progressed(): void {
    this.backoff = 1;
  }
}
