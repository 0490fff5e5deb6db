import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hostFailure } from '../host-file';
import { corrupt, formatVersions, magic } from '../saved-state/format';
import { type SummedFile, withSummedFile } from '../saved-state/summed-file';
import { isMissing, namesIn } from './names';
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

/** Every pack that some image of a machine needs. @throws as `packsOf`: then nobody knows what else is needed */
export async function packsInUse(folder: string): Promise<Set<string>> {
  const used = new Set<string>();
  for (const image of await memoryImages(folder)) {
    for (const name of await packsOf(image)) used.add(name);
  }
  return used;
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
