import { createHash } from 'node:crypto';
import { copyFile, rm, stat, utimes } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { syncFile } from '../../platform/sync-file';
import { hostFailure, syncFolder } from '../host-file';
import { linkFile } from '../link-file';
import { corrupt } from '../saved-state/format';
import { readHeader, streamSavedState } from '../saved-state/reader';
import { SharedImageWriter } from './image-writer';
import { isShared } from './references';

export interface ShareOptions {
  /** Bytes of memory written and read back, of twice those that there are; 0 of 0 before that is known. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/**
 * Writes a memory image once more, as one whose equal parts are where those of the machine's other images are. It is
 * read back and compared before this resolves, and has the time of the original. One that is like that already gets a
 * second name; so does one that cannot be read as a whole, which is told when it is needed.
 *
 * @param path `snapshots/<id>/memory.viv` of the same machine; nothing is there yet
 * @throws Failure `cancelled`, `file.*`; nothing is left of the new image then
 */
export async function shareImage(from: string, path: string, options: ShareOptions = {}): Promise<void> {
  try {
    if (!(await isShared(from))) {
      await writeShared(from, path, options);
      return;
    }
  } catch (error) {
    await rm(path, { force: true });
    if (!(error instanceof Failure) || !error.code.startsWith('saved-state.')) throw error;
  }
  await secondName(from, path);
}

/** The same file under another name; a copy where the file system has no such thing. @throws Failure `file.*` */
export async function secondName(from: string, path: string): Promise<void> {
  try {
    if (!(await linkFile(from, path))) {
      // A copy is as good, where possible without its data.
      await copyFile(from, path, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      await syncFile(path);
    }
    await syncFolder(dirname(path));
  } catch (error) {
    throw hostFailure(error, 'create', path);
  }
}

async function writeShared(from: string, path: string, options: ShareOptions): Promise<void> {
  const { engine, engineVersion, hardwareDigest } = await readHeader(from);
  const identity = { engine, engineVersion, hardwareDigest };
  const writer = await SharedImageWriter.create(path, identity);
  let written: string;
  try {
    written = await digestOf(from, identity, 0, options, (piece) => writer.write(piece));
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  const found = await digestOf(path, identity, 1, options, () => Promise.resolve());
  if (found !== written) throw corrupt(path, 'it is not what was written to it');
  const { atime, mtime } = await stat(from);
  await utimes(path, atime, mtime).catch((error: unknown) => {
    throw hostFailure(error, 'write', path);
  });
}

/** @param round 0 for the first, 1 for the second of two readings */
async function digestOf(
  image: string,
  identity: Parameters<typeof streamSavedState>[1],
  round: 0 | 1,
  { onProgress, signal }: ShareOptions,
  take: (piece: Uint8Array) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256');
  let done = 0;
  await streamSavedState(image, identity, async (piece, total) => {
    if (signal?.aborted) throw new Failure('cancelled', phrase('task.memoryCancelled'));
    hash.update(piece);
    await take(piece);
    done += piece.length;
    onProgress?.(done + round * total, total * 2);
  });
  return hash.digest('hex');
}
