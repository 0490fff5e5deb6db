import type { SwitchPort } from './port';
import type { LearningSwitch, Tap } from './learning-switch';

/** Those that look at what passes a switch. While there are none, nothing is done for them. */
export class Taps implements Tap {
  private readonly all = new Map<string, Tap>();

  constructor(private readonly bridge: LearningSwitch) {}

  /** Lets somebody look, or not any more; who looked by that name before does not. */
  set(name: string, tap: Tap | undefined): void {
    if (tap) this.all.set(name, tap);
    else this.all.delete(name);
    const [only] = this.all.values();
    this.bridge.tap = this.all.size > 1 ? this : only;
  }

  received(from: SwitchPort, run: Buffer): void {
    for (const tap of this.all.values()) tap.received(from, run);
  }

  sent(to: SwitchPort, run: Buffer): void {
    for (const tap of this.all.values()) tap.sent(to, run);
  }
}
