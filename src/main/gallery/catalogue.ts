import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { galleryEntry, type GalleryEntry } from '@shared/gallery/entry';

const catalogue = z.array(galleryEntry).superRefine((entries, context) => {
  const ids = entries.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined)
    context.addIssue({ code: 'custom', message: `two entries have the id “${twice}”` });
});

/**
 * Reads `gallery.json`.
 *
 * @throws Failure `gallery.unavailable` when it is missing or is not what it should be
 */
export async function readCatalogue(path: string): Promise<GalleryEntry[]> {
  try {
    return catalogue.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw new Failure('gallery.unavailable', phrase('gallery.unreadable', { path }), {
      hint: phrase('gallery.unreadableHint'),
      cause: error,
    });
  }
}
