import { readFile, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isMissing } from '../disks/names-in';
import { movedTo } from '../platform/data-location';
import type { Log } from '../platform/log';
import { syncFolder } from '../platform/sync-folder';

/**
 * Notes about a move that is under way. `move.json` in the old folder is there until it is decided: whoever finds it
 * removes the unfinished copy. `moved.json` in the new folder is there from then on: whoever finds it removes the
 * old contents. What decides is the pointer (`platform/data-location.ts`).
 */
/** A path inside the folder: whoever wrote the journal, nothing outside is ever removed. */
const inner = z
  .string()
  .regex(/^[^/\0]+(\/[^/\0]+)*$/)
  .refine((path) => !path.split('/').some((part) => part === '..' || part === '.'));
const journal = z.object({
  schema: z.literal(1),
  /** The same in the unfinished copy: what lies in a folder that does not say so is not ours. */
  id: z.string(),
  base: z.string(),
  from: z.string(),
  to: z.string(),
  folders: z.array(inner),
  /** Files and links. */
  files: z.array(inner),
});
export type MoveJournal = z.infer<typeof journal>;

export const undecidedPath = (from: string): string => join(from, 'move.json');
export const decidedPath = (to: string): string => join(to, 'moved.json');
export const markPath = (to: string): string => join(to, '.unfinished-move');

/** Removes exactly what a journal names, and folders that are empty then. What is gone already is no matter. */
export async function removeContents(folder: string, { files, folders }: MoveJournal): Promise<void> {
  for (const file of files) await passing(unlink(join(folder, file)), 'ENOENT', 'ENOTDIR');
  for (const inner of [...folders].reverse()) {
    // A machine's lock is made anew where the machine is.
    if (/^machines\/[^/]+$/.test(inner)) await passing(unlink(join(folder, inner, 'lock')), 'ENOENT');
    await passing(rmdir(join(folder, inner)), 'ENOENT', 'ENOTEMPTY', 'EEXIST');
  }
}

/** Takes back a copy that was not finished. */
export async function undo(entry: MoveJournal): Promise<void> {
  const mark = await readFile(markPath(entry.to), 'utf8').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  if (mark === entry.id) {
    await removeContents(entry.to, entry);
    await rm(decidedPath(entry.to), { force: true });
    await rm(markPath(entry.to));
    await passing(rmdir(entry.to), 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'EPERM', 'EACCES');
  }
  await rm(undecidedPath(entry.from), { force: true });
  await syncFolder(entry.from);
}

/** Removes the old contents after a move that has been decided. */
export async function finish(entry: MoveJournal): Promise<void> {
  await rm(markPath(entry.to), { force: true });
  await removeContents(entry.from, entry);
  await rm(undecidedPath(entry.from), { force: true });
  await rm(decidedPath(entry.to), { force: true });
  await syncFolder(entry.to);
}

/**
 * Deals with a move that was interrupted. To be called by the holder of the data folder's lock before anything else
 * looks into it. Nothing that goes wrong keeps the program from starting: the next start tries again.
 */
export async function recoverMove(folder: string, log: Log): Promise<void> {
  try {
    const decided = await readJournal(decidedPath(folder));
    if (decided && decided.to === folder && (movedTo(decided.base) ?? decided.base) === folder) {
      log.info(`removing what was moved here from ${decided.from}`);
      await finish(decided);
    }
    const undecided = await readJournal(undecidedPath(folder));
    if (undecided && undecided.from === folder && undecided.to !== folder) {
      log.info(`taking back an unfinished move to ${undecided.to}`);
      await undo(undecided);
    }
  } catch (error) {
    log.warn('an interrupted move of the data folder could not be dealt with', error);
  }
}

async function readJournal(path: string): Promise<MoveJournal | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
  return text === undefined ? undefined : journal.parse(JSON.parse(text));
}

/** Passes over some errors of the system and throws every other. */
async function passing(done: Promise<unknown>, ...codes: string[]): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (!codes.includes((error as { code?: string }).code ?? '')) throw error;
  }
}
