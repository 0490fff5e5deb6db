import { z } from 'zod';
import { Failure } from '@shared/errors';
import { innerPath } from '@shared/machine/config';
import { phrase } from '@shared/phrases/phrase';
import { exists, readIfThere, type SnapshotFiles } from './files';
import { inFolder } from './record';

/**
 * `merging.json`, there while a running machine merges images below its own: once its process has taken over what they
 * have, nothing but this says that they are of no more use.
 */
export const mergeNote = 'merging.json';

const note = z.strictObject({ schema: z.literal(1), images: z.array(innerPath).max(100_000) });

/** The images that are being merged, or were, as far as they are there. @throws Failure `snapshot.broken`, `file.*` */
export async function notedImages(folder: string): Promise<string[]> {
  const text = await readIfThere(inFolder(folder, mergeNote));
  if (text === undefined) return [];
  let images: string[];
  try {
    ({ images } = note.parse(JSON.parse(text)));
  } catch (error) {
    throw new Failure('snapshot.broken', phrase('merge.badNote', { path: mergeNote }), {
      hint: phrase('merge.badNoteHint'),
      cause: error,
    });
  }
  const there: string[] = [];
  for (const image of images) if (await exists(inFolder(folder, image))) there.push(image);
  return there;
}

/** Notes, durably, that images belong to no snapshot and are about to be merged. @throws Failure as `notedImages` */
export async function noteImages(
  folder: string,
  images: readonly string[],
  files: Pick<SnapshotFiles, 'write'>,
): Promise<void> {
  const all = [...new Set([...(await notedImages(folder)), ...images])];
  await files.write(inFolder(folder, mergeNote), `${JSON.stringify({ schema: 1, images: all }, null, 1)}\n`);
}
