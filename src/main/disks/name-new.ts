import { lstat, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { hostFailure, syncFolder } from './host-file';
import { linkFile } from './link-file';

/**
 * Gives a file that has been completed under another name its own, for good. Nothing is ever overwritten by it, not
 * even what came there while the file was being made. On failure it does not have that name.
 *
 * @throws Failure `file.exists`, `file.*`
 */
export async function nameNew(unfinished: string, target: string): Promise<void> {
  let isNamed = false;
  try {
    if (await linkFile(unfinished, target)) {
      isNamed = true;
      await unlink(unfinished);
    } else {
      // Without second names there is a moment between looking and naming.
      await refuseExisting(target);
      await rename(unfinished, target);
      isNamed = true;
    }
    await syncFolder(dirname(target));
  } catch (error) {
    if (isNamed) await rm(target, { force: true });
    throw hostFailure(error, 'create', target);
  }
}

/** @throws Failure `file.exists` for whatever has that name, `file.*` */
export async function refuseExisting(path: string): Promise<void> {
  const existing = await lstat(path).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw hostFailure(error, 'examine', path);
  });
  if (existing !== undefined) throw new Failure('file.exists', phrase('file.exists', { path }));
}
