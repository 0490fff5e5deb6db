import { hash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toErrorValue } from '@shared/errors';
import { syncFolder } from '../../platform/sync-folder';
import { hostFailure } from '../host-file';
import { bestCodec } from '../saved-state/codec';
import { corrupt } from '../saved-state/format';
import { type CreateFile, createWholeFile, unfinishedName } from '../whole-file';
import { ChunkCounts } from './counts';
import { namesIn } from '../names-in';
import { Pack } from './pack';
import { type ChunkKey, packName } from './pack-format';
import { PackWriter } from './pack-writer';
import { packNames } from './packs';
import { packFolderName, packsInUse } from './references';

/** A pack is written anew when less than this share of its data is in use. */
const worthKeeping = 0.5;

/** What a collection does on the host's disk. Tests put something in between that stops. */
export interface CollectFiles {
  create: CreateFile;
  /** Paths are absolute. */
  remove(path: string): Promise<void>;
}

const hostFiles: CollectFiles = {
  create: createWholeFile,
  remove: (path) => rm(path, { force: true, maxRetries: 5 }),
};

/**
 * Removes what killed processes have left, and packs that no image needs. Cheap: only the ends of images are read.
 * Where one of these cannot be read nothing is removed, because nobody knows what it needs.
 *
 * Precondition: nobody writes memory images of the machine. @param folder of the machine
 * @param signal ends it between two files. @throws Failure `file.*`, the signal's reason
 */
export async function removeUnusedPacks(
  folder: string,
  files: CollectFiles = hostFiles,
  signal?: AbortSignal,
): Promise<void> {
  const packs = join(folder, packFolderName);
  try {
    const unused = await unusedFiles(folder);
    for (const name of unused) {
      signal?.throwIfAborted();
      await files.remove(join(packs, name));
    }
    if (unused.length > 0) await syncFolder(packs);
  } catch (error) {
    signal?.throwIfAborted();
    throw hostFailure(error, 'tidyUp', packs);
  }
}

/** The names of the files that `removeUnusedPacks` would remove. @throws Failure `file.*` */
export async function unusedFiles(folder: string): Promise<string[]> {
  const names = await namesIn(join(folder, packFolderName));
  if (names.length === 0) return [];
  const unfinished = names.filter((name) => unfinishedName.test(name));
  const used = await packsInUse(folder).catch(unreadable);
  if (used === undefined) return unfinished;
  return [...unfinished, ...names.filter((name) => packName.test(name) && !used.has(name))];
}

/**
 * The same, and packs of which little is in use are written anew with only that: under their own names, so that every
 * image finds its chunks at every moment. For this every image is read.
 *
 * @param signal ends it between two files, and before one takes the place of another: nothing may be changed behind
 * the back of a program that thinks it has the machine for itself
 * @throws Failure `file.*`, the signal's reason
 */
export async function collectMemory(
  folder: string,
  files: CollectFiles = hostFiles,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  await removeUnusedPacks(folder, files, signal);
  const packs = join(folder, packFolderName);
  const names = await packNames(packs);
  if (names.length === 0) return;
  const counts = await ChunkCounts.of(folder).catch(unreadable);
  if (!counts) return;
  for (const name of names) {
    signal?.throwIfAborted();
    await rewriteIfWorthIt(join(packs, name), (key) => counts.isUsed(key), files, signal);
  }
}

async function rewriteIfWorthIt(
  path: string,
  isUsed: (key: ChunkKey) => boolean,
  files: CollectFiles,
  signal: AbortSignal | undefined,
): Promise<void> {
  const pack = await Pack.open(path);
  let writer: PackWriter | undefined;
  try {
    let [all, used] = [0, 0];
    for (const { chunks } of pack.frames) {
      for (const { key, length } of chunks) {
        all += length;
        if (isUsed(key)) used += length;
      }
    }
    if (used >= all * worthKeeping) return;
    writer = await PackWriter.create(path, await bestCodec(), files.create);
    await copyUsed(pack, writer, isUsed);
    await pack.close();
    await writer.finish(() => signal?.throwIfAborted());
    writer = undefined;
  } catch (error) {
    await writer?.abort();
    // It stays as it is: space is all that is at stake, and `verifyMemory` tells what is wrong with it.
    if (!['file.no-space', 'saved-state.corrupt'].includes(toErrorValue(error).code)) throw error;
  } finally {
    await pack.close();
  }
}

/** What is wrong is not carried into the new pack, where it could not be told from what is right. */
async function copyUsed(pack: Pack, writer: PackWriter, isUsed: (key: ChunkKey) => boolean): Promise<void> {
  for (const frame of pack.frames) {
    const wanted = frame.chunks.filter(({ key }) => isUsed(key));
    if (wanted.length === 0) continue;
    const data = await pack.unpack(frame);
    for (const { key, offset, length } of wanted) {
      const chunk = data.subarray(offset, offset + length);
      if (hash('sha256', chunk, 'binary') !== key) throw corrupt(pack.path, 'a part fails its checksum');
      await writer.add(key, chunk);
    }
  }
}

function unreadable(error: unknown): undefined {
  const { code } = toErrorValue(error);
  if (code !== 'saved-state.corrupt' && code !== 'saved-state.mismatch') throw error;
}
