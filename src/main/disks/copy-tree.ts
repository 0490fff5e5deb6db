import { link, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFileChecked, type CopyOptions } from './copy-file';
import { hostFailure, syncFolder } from './host-file';
import { linkFile } from './link-file';

/** What a folder has in it. Paths are inside the folder, with forward slashes. */
export interface Tree {
  /** What is in a folder comes after it. */
  entries: TreeEntry[];
  /** What is neither file, folder, link nor socket: it cannot be copied. */
  strange: string[];
  /** What the files take on the disk; one with several names counts once. */
  bytes: number;
}

export type TreeEntry =
  | { kind: 'folder'; inner: string }
  | { kind: 'link'; inner: string }
  /** `key` is the same for names of one file; `bytes`: what it takes on the disk. */
  | { kind: 'file'; inner: string; key: string | null; bytes: number; length: number };

export interface CopyTreeOptions {
  signal: AbortSignal;
  /** Bytes on the disk. */
  onProgress: (done: number, total: number) => void;
  /** Copies one file and compares the copy with it; for those that take long. */
  copyBig: (from: string, to: string, options: CopyOptions) => Promise<unknown>;
  /** A second name for each file will do, where that is possible: one of the two folders is about to go. */
  share?: boolean;
  /** Told of each file that is there, before the next one. */
  adapt?: (inner: string, target: string) => Promise<void>;
}

/** Longer files than this take long, in bytes. */
const bigFile = 4 * 2 ** 20;

/**
 * Lists a folder.
 *
 * @param isLeftOut whether something, and what is in it, does not count
 * @throws Failure `file.*`
 */
export async function surveyTree(root: string, isLeftOut: (inner: string) => boolean): Promise<Tree> {
  const tree: Tree = { entries: [], strange: [], bytes: 0 };
  const seen = new Set<string>();
  const visit = async (folder: string): Promise<void> => {
    for (const name of (await readdir(join(root, folder))).sort()) {
      const inner = folder === '' ? name : `${folder}/${name}`;
      if (isLeftOut(inner)) continue;
      const status = await lstat(join(root, inner), { bigint: true });
      if (status.isFile()) {
        const key = status.nlink > 1n ? `${status.dev}:${status.ino}` : null;
        const bytes = Number(process.platform === 'win32' ? status.size : status.blocks * 512n);
        if (key === null || !seen.has(key)) tree.bytes += bytes;
        if (key !== null) seen.add(key);
        tree.entries.push({ kind: 'file', inner, key, bytes, length: Number(status.size) });
      } else if (status.isDirectory()) {
        tree.entries.push({ kind: 'folder', inner });
        await visit(inner);
      } else if (status.isSymbolicLink()) tree.entries.push({ kind: 'link', inner });
      else if (!status.isSocket()) tree.strange.push(inner);
    }
  };
  try {
    await visit('');
  } catch (error) {
    throw hostFailure(error, 'read', root);
  }
  return tree;
}

/**
 * Copies what a folder has in it into another one, which is there and has none of it. Each file is read back and
 * compared; files keep their times, and two names of one file are that in the copy, too. When it resolves, the copy
 * is durable.
 *
 * @param tree what of `from` is copied
 * @throws Failure `cancelled`, `disk.corrupt`, `file.*`, what `adapt` throws; what was copied until then is left
 */
export async function copyTree(
  from: string,
  to: string,
  { entries, bytes: total }: Tree,
  options: CopyTreeOptions,
): Promise<void> {
  const { signal, onProgress, copyBig, share = false, adapt } = options;
  const copies = new Map<string, string>();
  let done = 0;
  const copyOne = async (entry: Extract<TreeEntry, { kind: 'file' }>): Promise<void> => {
    const { inner, key, bytes, length } = entry;
    const [source, target] = [join(from, inner), join(to, inner)];
    const twin = key === null ? undefined : copies.get(key);
    if (twin !== undefined) return orFailure(target, () => link(twin, target));
    if (!share || !(await linkFile(source, target))) {
      const tell = (part: number, all: number): void =>
        onProgress(Math.round(done + (all > 0 ? part / all : 0) * bytes), total);
      const copy = length > bigFile ? copyBig : copyFileChecked;
      await copy(source, target, { signal, onProgress: tell });
      if (key !== null) copies.set(key, target);
    }
    done += bytes;
    onProgress(Math.min(done, total), total);
  };
  for (const entry of entries) {
    signal.throwIfAborted();
    const target = join(to, entry.inner);
    if (entry.kind === 'folder') await makeFolder(target);
    else if (entry.kind === 'link')
      await orFailure(target, async () => symlink(await readlink(join(from, entry.inner)), target));
    else {
      await copyOne(entry);
      await adapt?.(entry.inner, target);
    }
  }
  for (const { kind, inner } of entries) if (kind === 'folder') await syncFolder(join(to, inner));
  await syncFolder(to);
  onProgress(total, total);
}

/** @throws Failure `file.*` */
export const makeFolder = (path: string): Promise<void> =>
  orFailure(path, () => mkdir(path, { mode: 0o700 }));

async function orFailure(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw hostFailure(error, 'create', path);
  }
}
