import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { temporaryFolder } from './temp-folder';

/** File systems in memory that are as small as a test wants them; making one takes root on Linux. */

const run = promisify(execFile);
const patienceMs = 30_000;

/** Mounts an empty file system on a folder. @param size as `mount` takes it: `64k`, `4m` */
export async function mountSmall(folder: string, size: string): Promise<{ unmount: () => Promise<void> }> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  return { unmount: () => unmount(folder) };
}

/** A line of a log, or a program that has just ended, may keep a file open for a moment; nothing may for long. */
async function unmount(folder: string): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      await run('umount', [folder]);
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Whether this process may mount: tried, for containers may forbid it even to root. */
export async function canMount(): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const folder = await temporaryFolder('mount-check');
  try {
    await (await mountSmall(folder.path, '64k')).unmount();
    return true;
  } catch {
    return false;
  } finally {
    await folder.remove();
  }
}
