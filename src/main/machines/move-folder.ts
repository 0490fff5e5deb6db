import { lstat, rename, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { hostFailure } from '../disks/host-file';
import type { Log } from '../platform/log';
import { syncFolder } from '../platform/sync-folder';
import { eraseFolder } from './delete';
import { readFolder, writeConfig } from './folder';
import { type FolderMove, type LibraryList, unfinishedPrefix } from './library-file';

/** Where a machine is put together that comes from another drive: beside its new folder, under a hidden name. */
export function arrivalFolder({ id, to }: Pick<FolderMove, 'id' | 'to'>): string {
  return join(dirname(to), unfinishedPrefix + id);
}

/**
 * Gives a folder another name on the same drive. @returns false where it is another drive; nothing is changed then
 * @throws Failure `file.exists`, `file.*`
 */
export async function renameFolder(from: string, to: string): Promise<boolean> {
  await requireFree(to);
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as { code?: string }).code === 'EXDEV') return false;
    throw hostFailure(error, 'move', from);
  }
  await syncFolder(dirname(to));
  await syncFolder(dirname(from));
  return true;
}

/** @throws Failure `file.exists` */
export async function requireFree(path: string): Promise<void> {
  if (await lstat(path).catch(() => undefined))
    throw new Failure('file.exists', phrase('file.exists', { path }));
}

/** Images in drives that lie in the machine's own folder are named by whole paths: they are found in the new one. */
export async function adaptDrives(folder: string, from: string, to: string): Promise<void> {
  const { config } = await readFolder(folder);
  const inside = (path: string | null): path is string => path !== null && path.startsWith(from + sep);
  if (!config?.drives.some(({ path }) => inside(path))) return;
  const drives = config.drives.map((drive) =>
    inside(drive.path) ? { ...drive, path: join(to, relative(from, drive.path)) } : drive,
  );
  await writeConfig(folder, { ...config, drives });
}

/**
 * Brings to an end the moves that a program which was killed has left: one whose machine is still in its old folder
 * is undone, one whose machine is in its new folder is finished. Where neither can be seen, for instance because a
 * drive is missing, nothing is touched until the next start.
 */
export async function settleMoves(list: LibraryList, log: Log): Promise<void> {
  for (const move of list.moves()) {
    try {
      if (await settle(list, move, log)) await list.endMove(move.id);
    } catch (error) {
      log.warn(`moving ${move.from} to ${move.to} is not finished`, toErrorValue(error));
    }
  }
}

async function settle(list: LibraryList, move: FolderMove, log: Log): Promise<boolean> {
  const { id, from, to, phase } = move;
  const [old, there] = [await machineIn(from, id), await machineIn(to, id)];
  if (phase === 'leaving') {
    if (there === undefined) return false;
    if (old !== undefined) await eraseFolder(from, id, log);
    return true;
  }
  await rm(arrivalFolder(move), { recursive: true, force: true, maxRetries: 5 });
  if (old !== undefined) {
    // It was never the machine, and everything in it is in the old folder, too.
    if (there !== undefined) await eraseFolder(to, id, log);
    return true;
  }
  if (there === undefined) return false;
  await adaptDrives(to, from, to);
  await list.arrived(move, there);
  return true;
}

/** The name of the machine in a folder, if it is that one. */
async function machineIn(folder: string, id: string): Promise<string | undefined> {
  const { config } = await readFolder(folder);
  return config?.id === id ? config.name : undefined;
}
