import { link, lstat, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFileChecked, type CopyOptions } from '../disks/copy-file';
import { hostFailure, syncFolder } from '../disks/host-file';

/** What a folder has in it, by its path inside the folder; what is in a folder comes after it. */
type Entry =
  | { kind: 'folder'; inner: string }
  | { kind: 'link'; inner: string }
  /** `key` is the same for names of one file; `bytes`: what it takes on the disk. */
  | { kind: 'file'; inner: string; key: string | null; bytes: number; length: number };

export interface CopyTreeOptions {
  /** Names in the folder itself that stay behind. */
  without: ReadonlySet<string>;
  signal: AbortSignal;
  /** Bytes on the disk. */
  onProgress: (done: number, total: number) => void;
  /** Copies one file and compares the copy with it; for those that take long. */
  copyBig: (from: string, to: string, options: CopyOptions) => Promise<unknown>;
}

/** Longer files than this take long, in bytes. */
const bigFile = 4 * 2 ** 20;

/** The files of a folder, and what they take on the disk. What is neither file, folder nor link is left out. */
export async function surveyTree(
  root: string,
  without: ReadonlySet<string>,
): Promise<{ entries: Entry[]; bytes: number }> {
  const entries: Entry[] = [];
  const seen = new Set<string>();
  let bytes = 0;
  const visit = async (folder: string): Promise<void> => {
    for (const name of (await readdir(join(root, folder))).sort()) {
      if (folder === '' && without.has(name)) continue;
      const inner = join(folder, name);
      const status = await lstat(join(root, inner), { bigint: true });
      if (status.isSymbolicLink()) entries.push({ kind: 'link', inner });
      if (status.isDirectory()) {
        entries.push({ kind: 'folder', inner });
        await visit(inner);
      }
      if (!status.isFile()) continue;
      const key = status.nlink > 1n ? `${status.dev}:${status.ino}` : null;
      const own = Number(process.platform === 'win32' ? status.size : status.blocks * 512n);
      if (key === null || !seen.has(key)) bytes += own;
      if (key !== null) seen.add(key);
      entries.push({ kind: 'file', inner, key, bytes: own, length: Number(status.size) });
    }
  };
  await visit('');
  return { entries, bytes };
}

/**
 * Copies a folder with all that is in it to where nothing is. Each file is read back and compared; files keep their
 * times, and two names of one file are that in the copy, too. When it resolves, the copy is durable.
 *
 * @throws Failure `cancelled`, `disk.corrupt`, `file.*`; what was copied until then is left
 */
export async function copyTree(from: string, to: string, options: CopyTreeOptions): Promise<void> {
  const { without, signal, onProgress, copyBig } = options;
  const { entries, bytes: total } = await surveyTree(from, without);
  const copies = new Map<string, string>();
  let done = 0;
  await makeFolder(to);
  for (const entry of entries) {
    signal.throwIfAborted();
    const [source, target] = [join(from, entry.inner), join(to, entry.inner)];
    if (entry.kind === 'folder') await makeFolder(target);
    else if (entry.kind === 'link')
      await orFailure(target, async () => symlink(await readlink(source), target));
    else {
      const twin = entry.key === null ? undefined : copies.get(entry.key);
      if (twin !== undefined) {
        await orFailure(target, () => link(twin, target));
        continue;
      }
      const { bytes, length } = entry;
      const tell = (part: number, all: number): void =>
        onProgress(Math.round(done + (all > 0 ? part / all : 0) * bytes), total);
      const copy = length > bigFile ? copyBig : copyFileChecked;
      await copy(source, target, { signal, onProgress: tell });
      if (entry.key !== null) copies.set(entry.key, target);
      done += bytes;
    }
  }
  for (const { kind, inner } of entries) if (kind === 'folder') await syncFolder(join(to, inner));
  await syncFolder(to);
  onProgress(total, total);
}

const makeFolder = (path: string): Promise<void> => orFailure(path, () => mkdir(path, { mode: 0o700 }));

async function orFailure(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw hostFailure(error, 'create', path);
  }
}
