import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
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

/** The last good copy of a file that was written by `writeWithCopy`: it lies beside it. */
export function copyPath(path: string): string {
  return `${path}.bak`;
}

/**
 * Replaces a file and then its last good copy, `<path>.bak`, one after the other: whatever tears one of them
 * (a crash, a failing disk, a sync program), the other is whole. Readers take the copy when the file itself is
 * missing or is not what it should be.
 *
 * @throws the errors of `node:fs`; when the file itself could not be replaced, both are as they were
 */
export async function writeWithCopy(path: string, data: string): Promise<void> {
  await writeAtomic(path, data);
  await writeAtomic(copyPath(path), data);
}

/**
 * Reads a JSON file, or its last good copy where the file itself is missing or torn (not JSON).
 *
 * @throws the errors of `node:fs`, or a `SyntaxError`, for the file itself, when neither can be read
 */
export async function readJsonWithCopy(path: string): Promise<{ value: unknown; fromCopy: boolean }> {
  try {
    return { value: await readJson(path), fromCopy: false };
  } catch (error) {
    try {
      return { value: await readJson(copyPath(path)), fromCopy: true };
    } catch {
      throw error; // what is wrong with the file itself is the thing to tell
    }
  }
}

/** No file of ours is longer, in bytes; whatever is, is none of ours. */
const maxJsonLength = 4 * 1024 * 1024;

async function readJson(path: string): Promise<unknown> {
  // A pipe in the place of a file must not keep us waiting.
  const nonblock = (constants.O_NONBLOCK as number | undefined) ?? 0;
  const handle = await open(path, constants.O_RDONLY | nonblock);
  let text: string;
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new Failure('file.not-a-file', phrase('file.notAFile', { path }));
    if (status.size > maxJsonLength) throw new SyntaxError(`${status.size} bytes are too many for ${path}`);
    text = await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
  // Editors of some systems put a byte order mark in front.
  return JSON.parse(text.replace(/^\ufeff/, ''));
}
