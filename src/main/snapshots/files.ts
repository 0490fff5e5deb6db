import { cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createOverlay, settleImage } from '../disks/chain/chain';
import { mergeImages, type MergeOptions, type MergeRequest } from '../disks/chain/merge';
import { type FileAction, hostFailure } from '../disks/host-file';
import { collectMemory } from '../disks/memory-chunks/collect';
import { secondName, shareImage } from '../disks/memory-chunks/share-image';
import { writeAtomic } from '../platform/atomic-file';
import { syncFile } from '../platform/sync-file';
import { syncFolder } from '../platform/sync-folder';

/**
 * Every change that snapshots make on the host's disk. What has resolved survives a loss of power. Tests put
 * something in between that fails at a given call. Paths are absolute.
 */
export interface SnapshotFiles {
  folder(path: string): Promise<void>;
  overlay(path: string, below: string): Promise<void>;
  merge(request: MergeRequest, options: MergeOptions): Promise<void>;
  share(from: string, path: string): Promise<void>;
  /** A memory image once more, with its parts where those of the machine's other images are. */
  shareMemory(from: string, path: string, options: MergeOptions): Promise<void>;
  copyFolder(from: string, path: string): Promise<void>;
  /** Puts an image in order whose machine's process was killed. One that is in use is left alone. */
  settle(path: string): Promise<void>;
  /** Gives back the space of memory that no image in a machine's folder has any more. */
  collectMemory(folder: string): Promise<void>;
  /** Replaces a file as a whole. */
  write(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file, or a folder with everything in it; that there is none is fine. */
  remove(path: string): Promise<void>;
}

/** What takes too long for a process that people wait for. */
export type LongTasks = Pick<SnapshotFiles, 'merge' | 'shareMemory' | 'collectMemory'>;

/** The host's disk itself. @param long how what takes long is done, if not in this process */
export function hostSnapshotFiles(long: Partial<LongTasks> = {}): SnapshotFiles {
  const { merge = mergeImages, shareMemory = shareImage, collectMemory: collect = collectMemory } = long;
  const told = async (what: FileAction, path: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
      await syncFolder(dirname(path));
    } catch (error) {
      throw hostFailure(error, what, path);
    }
  };
  return {
    folder: (path) =>
      told('create', path, async () => {
        await mkdir(path, { recursive: true, mode: 0o700 });
        await syncFolder(dirname(dirname(path)));
      }),
    overlay: (path, below) => createOverlay(path, below),
    merge,
    collectMemory: (folder) => collect(folder),
    settle: settleImage,
    share: secondName,
    shareMemory,
    copyFolder: (from, path) => told('create', path, () => copyWhole(from, path)),
    write: (path, text) => told('write', path, () => writeAtomic(path, text)),
    rename: (from, to) =>
      told('rename', to, async () => {
        await rename(from, to);
        if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
      }),
    remove: (path) => told('remove', path, () => rm(path, { recursive: true, force: true, maxRetries: 5 })),
  };
}

async function copyWhole(from: string, path: string): Promise<void> {
  await cp(from, path, { recursive: true, errorOnExist: true, force: false, verbatimSymlinks: true });
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await syncFile(join(entry.parentPath, entry.name));
  }
  await syncFolder(path);
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return false;
    throw hostFailure(error, 'examine', path);
  }
}

/** The text of a file; undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw hostFailure(error, 'read', path);
  }
}
