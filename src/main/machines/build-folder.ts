import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { folderName } from '@shared/machine/name';
import { hostFailure } from '../disks/host-file';
import { lockFile } from '../platform/file-lock';
import { syncFolder } from '../platform/sync-folder';
import { layoutOf } from './layout';
import { unfinishedPrefix } from './library-file';

/**
 * Makes a machine's folder. It is built under a hidden name and gets its own at the very end, so that there is
 * either the whole machine or nothing; what a killed program left is removed by `removeUnfinished`.
 *
 * @param machinesFolder where it is made
 * @param fill puts everything into the unfinished folder that belongs there besides `logs/`, and makes it durable
 * @returns the new folder
 * @throws what `fill` throws, the reason of `signal`, `file.*`; nothing is left of the folder then
 */
export async function buildMachineFolder(
  machinesFolder: string,
  { id, name }: { id: string; name: string },
  signal: AbortSignal,
  fill: (unfinished: string) => Promise<void>,
): Promise<string> {
  const unfinished = join(machinesFolder, unfinishedPrefix + id);
  const folder = join(machinesFolder, folderName(name, id));
  let named = false;
  try {
    await mkdir(unfinished, { mode: 0o700 });
    const lock = await lockFile(layoutOf(unfinished).lock);
    try {
      for (const folder of ['disks', 'logs']) await mkdir(join(unfinished, folder), { mode: 0o700 });
      await fill(unfinished);
      await syncFolder(unfinished);
    } finally {
      // Windows does not rename a folder with an open file in it.
      await lock?.release();
    }
    signal.throwIfAborted();
    await rename(unfinished, folder);
    named = true;
    await syncFolder(machinesFolder);
    return folder;
  } catch (error) {
    await rm(named ? folder : unfinished, { recursive: true, force: true, maxRetries: 5 });
    throw hostFailure(error, 'create', unfinished);
  }
}
