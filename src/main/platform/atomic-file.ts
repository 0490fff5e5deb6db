import { randomBytes } from 'node:crypto';
import { copyFile, link, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from './sync-folder';

/**
 * Replaces a file as a whole: after a crash at any moment it holds either the old contents or the new.
 * A symbolic link at `path` is replaced, not followed.
 *
 * @throws the errors of `node:fs`; the old file is untouched then
 */
export async function writeAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** The last good copy of a file that was written by `writeWithBackup`: it lies beside it. */
export function backupPath(path: string): string {
  return `${path}.bak`;
}

/**
 * Like `writeAtomic`, and keeps the contents that were there before as `<path>.bak`, for the case that somebody
 * or something else damages the file. `isGood` says whether the old contents are worth keeping.
 */
export async function writeWithBackup(
  path: string,
  data: string,
  isGood: (text: string) => boolean,
): Promise<void> {
  const old = await readFile(path, 'utf8').catch(() => undefined);
  if (old !== undefined && old !== data && isGood(old)) await keepAs(path, backupPath(path));
  await writeAtomic(path, data);
}

/** Gives the file at `path` a second name in place of whatever has it. */
async function keepAs(path: string, second: string): Promise<void> {
  const temporary = `${second}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    // A file system without hard links (FAT, some network ones) takes a copy.
    await link(path, temporary).catch(() => copyFile(path, temporary));
    await rename(temporary, second);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
