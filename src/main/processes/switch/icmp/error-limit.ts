import type { Clock } from '../clock';

/** Errors a second (RFC 1812, 4.3.2.8; RFC 4443, 2.4 f). */
const maxErrors = 200;

/** Keeps errors about packets from becoming a flood of their own. */
export class ErrorLimit {
  private second = 0;
  private errors = 0;

  constructor(private readonly clock: Clock) {}

  mayComplain(): boolean {
    const second = Math.floor(this.clock.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.errors = 0;
    }
    return this.errors++ < maxErrors;
  }
}
