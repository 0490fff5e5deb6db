/** The congestion window (RFC 5681 with the larger start of RFC 6928), in bytes. */
const initialSegments = 10;
const largestWindow = 8 * 1024 * 1024;

export class Congestion {
  window: number;
  private threshold = Infinity;

  constructor(private readonly mss: number) {
    this.window = initialSegments * mss;
  }

  acknowledged(bytes: number): void {
    const growth =
      this.window < this.threshold ? Math.min(bytes, 2 * this.mss) : (this.mss * this.mss) / this.window;
    this.window = Math.min(this.window + Math.max(growth, 1), largestWindow);
  }

  /** Segments behind a lost one still arrive: fast recovery begins (RFC 5681, 3.2). */
  lost(inFlight: number): void {
    this.threshold = Math.max(inFlight / 2, 2 * this.mss);
    this.window = this.threshold + 3 * this.mss;
  }

  /** The same where the other side tells what it has: then what is under way is known (RFC 6675, 5). */
  lostSelectively(inFlight: number): void {
    this.threshold = this.window = Math.max(inFlight / 2, 2 * this.mss);
  }

  /** Another segment has left the network during recovery. */
  inflate(): void {
    this.window = Math.min(this.window + this.mss, largestWindow);
  }

  /** A part of what was under way has arrived during recovery (RFC 6582, 3.2, step 3). */
  partly(bytes: number): void {
    this.window = Math.max(this.window - bytes + this.mss, this.mss);
  }

  recovered(): void {
    this.window = this.threshold;
  }

  /** Nothing came back in time: begin again (RFC 5681, 3.1). */
  timedOut(inFlight: number): void {
    this.threshold = Math.max(inFlight / 2, 2 * this.mss);
    this.window = this.mss;
  }
}
