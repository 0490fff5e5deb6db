import { readFileSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { Failure, toErrorValue, saidBy } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { writeAtomic } from './atomic-file';
import { syncFolder } from './sync-folder';

/**
 * Where the data folder went when a person moved it: `location.json` in the place where it would otherwise be. The
 * file is written last when a folder is moved, so that it always names a whole one.
 */
const pointer = z.object({ schema: z.literal(1), folder: z.string().refine(isAbsolute) });

export function pointerPath(base: string): string {
  return join(base, 'location.json');
}

/**
 * Where the contents of `base` have been moved to; undefined when they are where they were.
 *
 * @throws Failure `file.*` when nobody can tell: an empty data folder would be no answer
 */
export function movedTo(base: string): string | undefined {
  const path = pointerPath(base);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = toErrorValue(error);
    if (code === 'file.not-found') return undefined;
    throw new Failure(code, phrase('file.dataFolderUnknown', { path, reason: saidBy(error) }), {
      cause: error,
    });
  }
  try {
    return pointer.parse(JSON.parse(text)).folder;
  } catch {
    return undefined; // it was never written as a whole
  }
}

/**
 * The data folder that `base` stands for: itself, unless it was moved.
 *
 * @throws Failure `file.not-found` when it was moved to where nothing is now, such as a drive that is not connected
 */
export function locateDataFolder(base: string): string {
  const folder = movedTo(base);
  if (folder === undefined) return base;
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw new Failure('file.not-found', phrase('dataFolder.missing', { folder }), {
    hint: phrase('dataFolder.missingHint', { pointer: pointerPath(base) }),
  });
}

/** Makes `base` stand for another folder from now on; for itself when that is the same. */
export async function pointTo(base: string, folder: string): Promise<void> {
  if (folder !== base) {
    await writeAtomic(pointerPath(base), `${JSON.stringify({ schema: 1, folder }, null, 2)}\n`);
    return;
  }
  await rm(pointerPath(base), { force: true });
  await syncFolder(base);
}
