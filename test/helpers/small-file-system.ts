import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { temporaryFolder } from './temp-folder';

/** File systems in memory that are as small as a test wants them; making one takes root on Linux. */

const run = promisify(execFile);

/** Mounts an empty file system on a folder. @param size as `mount` takes it: `64k`, `4m` */
export async function mountSmall(folder: string, size: string): Promise<{ unmount: () => Promise<void> }> {
  await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
  return { unmount: async () => void (await run('umount', [folder])) };
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
