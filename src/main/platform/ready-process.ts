import type { HostedProcess, ProcessEntry, ProcessHost } from './process-host';

/** How long nothing must have been started until a process is made ready, in milliseconds. */
export const quietMs = 10_000;

/**
 * A process host that keeps one process of an entry started, for whoever wants one next: Node needs a tenth of a
 * second to begin, which would be most of what starting a machine costs on top of its emulator. What is waiting
 * takes memory (about 45 MB, much of it shared) and no processor time.
 *
 * A process is made ready only when nothing has been started for a while, so that a guest that boots has the
 * processors for itself. One that ended while it waited is not replaced before the next start.
 */
export function keepReady(host: ProcessHost, entry: ProcessEntry, delayMs = quietMs): ProcessHost {
  let ready: HostedProcess | undefined;
  let timer: NodeJS.Timeout | undefined;

  const makeReady = (): void => {
    const child = (ready = host.start(entry, 'ready'));
    void child.exited.then(() => {
      if (ready === child) ready = undefined;
    });
  };
  const later = (): void => {
    clearTimeout(timer);
    if (!ready) timer = setTimeout(makeReady, delayMs).unref();
  };
  later();

  return {
    start(wanted, label) {
      const taken = wanted === entry ? ready : undefined;
      if (taken) ready = undefined;
      later();
      return taken ?? host.start(wanted, label);
    },
  };
}
