/** A terminal, a parent process and a service manager may all pass the same wish on, within this many milliseconds. */
const sameWishMs = 2000;

/**
 * Puts everything away when the system asks this program to end: by Ctrl+C, at the end of a session, or of a service.
 * Nobody can be asked then what is to become of what runs. Asked again later, the program ends at once.
 */
export function endOnSignals(putAway: () => void): void {
  let first: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (first === undefined) {
        first = performance.now();
        putAway();
      } else if (performance.now() - first > sameWishMs) {
        // The machines' processes notice, flush their disks and end.
        process.exit(1);
      }
    });
  }
}
