import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toErrorValue } from '@shared/errors';
import { ChunkCounts, type ImageBytes } from '../disks/memory-chunks/counts';
import { packNames } from '../disks/memory-chunks/packs';
import { memoryImages, packFolderName } from '../disks/memory-chunks/references';

/** What was found out last about so many machines is remembered. */
const remembered = 16;

/** By machine: which files there were, and what each image occupies. */
const known = new Map<string, { files: string; sizes: ReadonlyMap<string, ImageBytes> }>();

/**
 * What the memory images of a machine occupy, by their absolute paths, in bytes. Those whose parts cannot be counted
 * are their own files' length.
 *
 * @throws Failure `file.*`
 */
export async function memoryBytes(folder: string): Promise<ReadonlyMap<string, ImageBytes>> {
  const images = await memoryImages(folder);
  if (images.length === 0) return new Map();
  const files = await describeFiles(folder, images);
  const before = known.get(folder);
  if (before?.files === files) return before.sizes;
  const counts = await countsOf(folder);
  const sizes = new Map<string, ImageBytes>();
  for (const image of images) {
    sizes.set(image, counts?.bytesOf(image) ?? { own: await sizeOf(image), shared: 0 });
  }
  known.delete(folder);
  known.set(folder, { files, sizes });
  const [oldest] = known.keys();
  if (oldest !== undefined && known.size > remembered) known.delete(oldest);
  return sizes;
}

/** What nobody would need without these images, in bytes. @param images absolute paths. @throws Failure `file.*` */
export async function freedMemory(folder: string, images: readonly string[]): Promise<number> {
  const there = new Set(await memoryImages(folder));
  const doomed = images.filter((image) => there.has(image));
  if (doomed.length === 0) return 0;
  const counts = await countsOf(folder);
  if (counts) return counts.freedWithout(doomed);
  const sizes = await Promise.all(doomed.map(sizeOf));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Undefined where an image or a pack cannot be read: checking the disks tells which. @throws Failure `file.*` */
async function countsOf(folder: string): Promise<ChunkCounts | undefined> {
  try {
    return await ChunkCounts.of(folder);
  } catch (error) {
    const { code } = toErrorValue(error);
    if (code === 'saved-state.corrupt' || code === 'saved-state.mismatch') return undefined;
    throw error;
  }
}

/** Images and packs are never written to: the same files hold the same. */
async function describeFiles(folder: string, images: readonly string[]): Promise<string> {
  const packs = (await packNames(join(folder, packFolderName))).map((name) =>
    join(folder, packFolderName, name),
  );
  const lines: string[] = [];
  for (const path of [...images, ...packs]) {
    const { ino, size, mtimeMs } = await stat(path);
    lines.push(`${path} ${ino} ${size} ${mtimeMs}`);
  }
  return lines.join('\n');
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}
