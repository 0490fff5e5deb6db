import type { ChildProcess } from 'node:child_process';
import { Failure } from '@shared/errors';
import { reach } from '../platform/instance';

/** How long the app may take until it can be spoken with, and how often that is tried; in milliseconds. */
const startMs = 30_000;
const retryMs = 100;

/**
 * Starts the app on a data folder and waits until it answers there: whoever asks earlier would start another program,
 * which would have the folder then. An app that runs already comes to the front, and the second start ends by itself.
 *
 * @throws Failure `internal` when it ends without having started, `timeout`
 */
export async function openApp(start: () => ChildProcess, dataFolder: string): Promise<void> {
  const child = start();
  child.unref();
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => {
      if (status !== 0)
        reject(new Failure('internal', `The window did not open (${signal ?? `status ${String(status)}`}).`));
    });
  });
  await Promise.race([isThere(dataFolder), failed]);
}

/** Resolves when an app has the folder, or shows the machines of a program in the background that has it. */
async function isThere(dataFolder: string): Promise<void> {
  const giveUpAt = performance.now() + startMs;
  while (performance.now() < giveUpAt) {
    const reached = await reach(dataFolder, 'attach');
    reached?.socket.destroy();
    if (reached?.shell === 'electron') return;
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
  throw new Failure('timeout', 'The window did not open in time.');
}
