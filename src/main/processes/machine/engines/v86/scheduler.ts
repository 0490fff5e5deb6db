import type { V86Scheduler } from './emulator-types';

/**
 * Replaces the way in which v86 yields to the event loop.
 *
 * - While the processor waits for an interrupt it sleeps on a timer, even for less than a millisecond: v86 itself
 *   would come back at once, again and again, and an idle guest would use a quarter of a core.
 * - A fault of the emulator (a WebAssembly trap, say) is caught where it happens instead of ending the process.
 */
export function takeOverScheduling(scheduler: V86Scheduler, onTrap: (error: unknown) => void): void {
  const tick = (number: number): void => {
    try {
      scheduler.yield_callback(number);
    } catch (error) {
      onTrap(error);
    }
  };
  scheduler.yield = (milliseconds, number) => {
    const waits = milliseconds > 0 && scheduler.cpu.in_hlt[0] !== 0;
    if (waits || milliseconds >= 1) setTimeout(tick, milliseconds, number);
    else setImmediate(tick, number);
  };
}
