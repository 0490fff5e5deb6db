import type { FlowReport } from '@shared/network/flows';
import type { Clock } from '../clock';
import { FlowMeter } from './flow-meter';

/** Whoever looks asks once a second; after this long without a question nobody does, in milliseconds. */
export const interestMs = 5000;

/** A meter that is there only while somebody asks what it says. */
export class WatchedFlows {
  private meter: FlowMeter | undefined;
  private cancelEnd: (() => void) | undefined;

  /** @param changed gets the meter that is to see what passes, or undefined when none is to */
  constructor(
    private readonly clock: Clock,
    private readonly changed: (meter: FlowMeter | undefined) => void,
  ) {}

  /** What passed since the last question; after a pause nothing, for it was not looked at. */
  report(): FlowReport {
    this.cancelEnd?.();
    this.cancelEnd = this.clock.after(interestMs, () => this.end());
    if (this.meter) return this.meter.report();
    this.meter = new FlowMeter(this.clock.now);
    this.changed(this.meter);
    return { ms: 0, flows: [], others: { flows: 0, bytes: 0, frames: 0 } };
  }

  end(): void {
    this.cancelEnd?.();
    if (!this.meter) return;
    this.meter = undefined;
    this.changed(undefined);
  }
}
