import { join } from 'node:path';
import { toErrorValue } from '@shared/errors';
import { unfinishedName } from '../whole-file';
import { readHeader, verifySavedState } from '../saved-state/reader';
import { namesIn } from '../names-in';
import { Pack } from './pack';
import type { ChunkKey } from './pack-format';
import { packNames } from './packs';
import { memoryImages, packFolderName, packsOf, visitChunks } from './references';

/**
 * Checks every byte of a machine's memory images, each pack once, and counts anew what is in use.
 * @param complain is told what is wrong, with the absolute path of what it is about
 * @throws Failure `file.*`
 */
export async function verifyMemory(
  folder: string,
  complain: (path: string, message: string) => void,
): Promise<void> {
  const packs = join(folder, packFolderName);
  const right = new Set<ChunkKey>();
  const wrong = new Set<ChunkKey>();
  for (const name of await packNames(packs)) await verifyPack(join(packs, name), right, wrong, complain);
  const used = new Set<string>();
  let everyImageIsKnown = true;
  for (const image of await memoryImages(folder)) {
    try {
      await readHeader(image);
      const needed = await packsOf(image);
      needed.forEach((name) => used.add(name));
      if (needed.length === 0) await verifySavedState(image);
      const bad = await badChunks(image, right, wrong);
      for (const text of bad) complain(image, text);
    } catch (error) {
      everyImageIsKnown = false;
      complain(image, toErrorValue(error).message);
    }
  }
  const names = await namesIn(packs);
  for (const name of everyImageIsKnown ? names : []) {
    // What is being written is in use as soon as it is whole.
    if (used.has(name) || unfinishedName.test(name)) continue;
    complain(join(packs, name), 'No memory image uses this file.');
  }
}

async function verifyPack(
  path: string,
  right: Set<ChunkKey>,
  wrong: Set<ChunkKey>,
  complain: (path: string, message: string) => void,
): Promise<void> {
  let pack: Pack;
  try {
    pack = await Pack.open(path);
  } catch (error) {
    complain(path, toErrorValue(error).message);
    return;
  }
  try {
    for (const frame of pack.frames) {
      const found = await pack.check(frame).then(
        () => right,
        (error: unknown) => {
          complain(path, toErrorValue(error).message);
          return wrong;
        },
      );
      for (const { key } of frame.chunks) found.add(key);
    }
  } finally {
    await pack.close();
  }
}

/** A sentence for each chunk of an image that is not there, or not what it was. */
async function badChunks(
  image: string,
  right: ReadonlySet<ChunkKey>,
  wrong: ReadonlySet<ChunkKey>,
): Promise<Set<string>> {
  const bad = new Set<string>();
  await visitChunks(image, (key) => {
    if (right.has(key)) return;
    const name = Buffer.from(key, 'latin1').toString('hex').slice(0, 16);
    bad.add(wrong.has(key) ? `Its part ${name} is damaged.` : `Its part ${name} is missing.`);
  });
  return bad;
}
