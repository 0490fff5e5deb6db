import { randomBytes } from 'node:crypto';
import { lstat, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { hostFailure, syncFolder } from '../disks/host-file';
import { linkFile } from '../disks/link-file';
import { nameNew, refuseExisting } from '../disks/name-new';

export interface MoveSteps {
  /** Makes a checked copy under that name: where the two places are on different drives. */
  copy: (path: string) => Promise<void>;
  /** Makes whoever uses the old name use the new one. */
  switchOver: () => Promise<void>;
}

/** A copy that was cut short never has the new name. */
async function copyThere(target: string, copy: MoveSteps['copy']): Promise<void> {
  await refuseExisting(target);
  const unfinished = `${target}.${randomBytes(4).toString('hex')}.part`;
  await copy(unfinished);
  try {
    await nameNew(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/**
 * Moves a file. The new name is there, durable, before anybody is told of it, and the old one goes last: killed at
 * any moment, it leaves a whole file under every name that is in use.
 *
 * @throws Failure `file.exists`, `file.*`, and what the steps throw; then the file is where it was
 */
export async function moveFile(path: string, target: string, { copy, switchOver }: MoveSteps): Promise<void> {
  const status = await lstat(path).catch((error: unknown) => {
    throw hostFailure(error, 'move', path);
  });
  if (!status.isFile()) throw new Failure('file.not-a-file', phrase('imageUse.notOwn', { path }));
  if (await linkFile(path, target)) await syncFolder(dirname(target));
  else await copyThere(target, copy);
  // From here on a failure leaves both: whoever was told of the new name keeps it.
  await switchOver();
  await unlink(path).catch((error: unknown) => {
    throw hostFailure(error, 'remove', path);
  });
  await syncFolder(dirname(path));
}
