import { isAlive } from './file-lock';

/** Between two looks, in milliseconds. */
const lookMs = 2;

/**
 * Resolves when there is no process of this number any more, at the latest after `limitMs`. For whoever is told of an
 * end before it is one: a process closes its files one after the other, and a lock may be the last of them.
 */
export async function processGone(pid: number | undefined, limitMs = 10_000): Promise<void> {
  const giveUpAt = performance.now() + limitMs;
  while (pid !== undefined && isAlive(pid) && performance.now() < giveUpAt) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}
