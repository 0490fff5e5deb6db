import { unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../platform/sync-folder';
import { hostFailure } from '../host-file';

/**
 * Removes a saved state that is about to be used up: an engine calls it when the state is in memory, right before
 * the guest's first instruction. From then on the disks go on, and the old memory no longer fits them.
 * @throws Failure `file.*`
 */
export async function consumeSavedState(path: string): Promise<void> {
  try {
    await unlink(path);
    await syncFolder(dirname(path));
  } catch (error) {
    throw hostFailure(error, 'remove', path);
  }
}
