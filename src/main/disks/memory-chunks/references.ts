import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hostFailure } from '../host-file';
import { corrupt, formatVersions, magic } from '../saved-state/format';
import { type SummedFile, withSummedFile } from '../saved-state/summed-file';
import { isMissing, namesIn } from '../names-in';
import type { ChunkKey } from './pack-format';
import { type ListEnd, listedChunks, readListEnd } from './shared-list';

/** Where the packs are in a machine's folder. */
export const packFolderName = 'memory';

/** The memory images in a machine's folder, those of an interrupted restore among them. @throws Failure `file.*` */
export async function memoryImages(folder: string): Promise<string[]> {
  const snapshots = join(folder, 'snapshots');
  const candidates = [join(folder, 'saved', 'state.viv')];
  for (const name of await namesIn(snapshots)) {
    candidates.push(join(snapshots, name, 'memory.viv'), join(snapshots, name, 'saved', 'state.viv'));
  }
  const isThere = await Promise.all(candidates.map(isFile));
  return candidates.filter((_, index) => isThere[index]);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw hostFailure(error, 'examine', path);
  }
}

/** The packs that an image needs: none where it has all of its data itself. @throws Failure `file.*`, `saved-state.*` */
export function packsOf(image: string): Promise<string[]> {
  return withList(image, async (_file, end) => end.packs, []);
}

/** Calls `visit` for each chunk of an image in packs, in order, repetitions included. @throws as `packsOf` */
export function visitChunks(image: string, visit: (key: ChunkKey, length: number) => void): Promise<void> {
  return withList(
    image,
    async (file, end) => {
      for await (const { key, length } of listedChunks(file, end)) visit(key, length);
    },
    undefined,
  );
}

/** Whether the data of an image is in packs. @throws as `packsOf` */
export function isShared(image: string): Promise<boolean> {
  return withList(image, () => Promise.resolve(true), false);
}

/** Every pack that some image of a machine needs. @throws as `packsOf`: then nobody knows what else is needed */
export async function packsInUse(folder: string): Promise<Set<string>> {
  const used = new Set<string>();
  for (const image of await memoryImages(folder)) {
    const packs = await unlessGone(image, () => packsOf(image));
    for (const name of packs ?? []) used.add(name);
  }
  return used;
}

/**
 * Does something with an image. Undefined when it is not there any more: a saved state is used up as soon as its
 * machine goes on from it.
 */
export async function unlessGone<T>(image: string, use: () => Promise<T>): Promise<T | undefined> {
  try {
    return await use();
  } catch (error) {
    if (await isFile(image)) throw error;
    return undefined;
  }
}

function withList<T>(
  image: string,
  use: (file: SummedFile, end: ListEnd) => Promise<T>,
  otherwise: T,
): Promise<T> {
  return withSummedFile(image, async (file) => {
    const { version } = await file.takeBeginning(magic);
    if (version === formatVersions.whole) return otherwise;
    if (version !== formatVersions.shared) throw corrupt(image, `its format ${version} is not known`);
    return use(file, await readListEnd(file));
  });
}
