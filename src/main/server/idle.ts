/** How long nothing must have gone on, and how often that is looked at; in milliseconds. */
export interface IdleTimes {
  quiet: number;
  look: number;
}
const usualTimes: IdleTimes = { quiet: 10_000, look: 1000 };

/** Resolves when `isIdle` has been true at every look for `quiet` milliseconds. */
export function whenIdle(isIdle: () => boolean, { quiet, look }: IdleTimes = usualTimes): Promise<void> {
  return new Promise((resolve) => {
    let busyAt = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      if (!isIdle()) busyAt = now;
      else if (now - busyAt >= quiet) {
        clearInterval(timer);
        resolve();
      }
    }, look);
  });
}
