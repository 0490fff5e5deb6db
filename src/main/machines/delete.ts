import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Log } from '../platform/log';
import { lockMachine } from '../platform/machine-lock';
import type { Shell } from '../platform/shell';
import { syncFolder } from '../platform/sync-folder';
import { readFolder } from './folder';
import { ownNames } from './layout';

/**
 * Removes a machine's folder: to the trash as a whole, or for ever. Erasing takes only what machines put into
 * their folders; where there is anything else, that and the folder stay.
 *
 * @param id the machine that the folder must really be
 * @throws Failure `machine.inaccessible`, `machine.locked`, `host.unavailable`, `file.*`
 */
export async function deleteFolder(
  folder: string,
  id: string,
  how: 'trash' | 'erase',
  shell: Shell,
  log: Log,
): Promise<void> {
  if (how === 'trash' && !shell.moveToTrash) {
    throw new Failure('host.unavailable', phrase('problem.noTrash'), {
      hint: phrase('problem.noTrashHint'),
    });
  }
  if (how === 'erase') return eraseFolder(folder, id, log);
  await whileLocked(folder, id, log, () => Promise.resolve());
  await moveToTrash(shell, folder);
}

/**
 * Removes what a machine has put into its folder, and the folder if there is nothing else in it.
 *
 * @param id the machine that the folder must really be
 * @throws Failure `machine.inaccessible`, `machine.locked`, `file.*`
 */
export function eraseFolder(folder: string, id: string, log: Log): Promise<void> {
  return whileLocked(folder, id, log, () => erase(folder, log));
}

async function whileLocked(folder: string, id: string, log: Log, task: () => Promise<void>): Promise<void> {
  await verify(folder, id);
  const lock = await lockMachine(folder, (line) => log.info(line));
  if (!lock) throw new Failure('machine.locked', phrase('machine.usedElsewhere'));
  try {
    await task();
  } finally {
    await lock.release();
  }
}

async function moveToTrash(shell: Shell, folder: string): Promise<void> {
  try {
    await shell.moveToTrash?.(folder);
  } catch (error) {
    throw new Failure('file.io', phrase('problem.trashFailed', { folder }), {
      hint: phrase('problem.trashFailedHint'),
      cause: error,
    });
  }
}

/** The folder must be a real folder, and its configuration that of this machine: nothing else is ever deleted. */
async function verify(folder: string, id: string): Promise<void> {
  const status = await lstat(folder).catch((error: unknown) => {
    throw new Failure('file.not-found', phrase('machine.folderGone', { folder }), { cause: error });
  });
  const contents = status.isDirectory() ? await readFolder(folder) : undefined;
  if (contents?.config?.id === id) return;
  throw new Failure('machine.inaccessible', phrase('machine.notItsFolder', { folder }), {
    hint: phrase('machine.notItsFolderHint'),
    cause: contents?.problem ?? undefined,
  });
}

async function erase(folder: string, log: Log): Promise<void> {
  // The configuration comes last, so that an interrupted deletion is still a machine that can be deleted.
  for (const name of ownNames) {
    // `rm` removes a symbolic link itself, never what it points to.
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  }
  for (const name of await readdir(folder)) {
    if (/^\.machine\.json.*\.tmp$/.test(name)) await rm(join(folder, name), { force: true });
  }
  try {
    await rmdir(folder);
  } catch (error) {
    log.warn(`${folder} stays: there are things in it that are not the machine's`, toErrorValue(error));
    return;
  }
  await syncFolder(dirname(folder));
}
