import { link, lstat, mkdir, readFile, readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFileChecked } from '../disks/copy-file';
import { hostFailure } from '../disks/host-file';
import type { JobControl } from '../jobs/registry';
import { writeAtomic } from '../platform/atomic-file';
import type { ProcessHost } from '../platform/process-host';
import { syncFolder } from '../platform/sync-folder';
import { runWorkerJob } from '../platform/worker-job';
import type { Contents } from './contents';
import { holdsPaths, withPathsMoved } from './rewrite';

/** What says that a file cannot have a second name there. */
const noLinks = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EACCES']);
/** Files up to this length are copied here; for longer ones a worker process is started. In bytes. */
const small = 4 * 2 ** 20;

/**
 * Puts the contents of a data folder under another one. On the same drive every file gets a second name, which costs
 * nothing; elsewhere it is copied, read back and compared. Files that share their contents (hard links: what linked
 * clones have in common) share them there, too. The old folder is only read.
 *
 * @throws Failure `cancelled`, `file.*`, `disk.corrupt`; what has been made so far is there then
 */
export async function copyContents(
  contents: Contents,
  from: string,
  to: string,
  processHost: ProcessHost,
  { signal, progress }: JobControl,
): Promise<void> {
  for (const inner of contents.folders) await mkdir(join(to, inner), { mode: 0o700 });
  for (const inner of contents.links) await symlink(await readlink(join(from, inner)), join(to, inner));
  const copies = new Map<string, string>();
  let done = 0;
  for (const inner of contents.files) {
    signal.throwIfAborted();
    const [source, target] = [join(from, inner), join(to, inner)];
    const { dev, ino, nlink, size } = await lstat(source, { bigint: true });
    const bytes = Number(size);
    const known = nlink > 1n ? copies.get(`${dev} ${ino}`) : undefined;
    if (known) await link(known, target);
    else if (!(await linked(source, target))) {
      const tell = (read: number, total: number | null): void =>
        progress(done + (bytes * read) / (total || 1), contents.bytes);
      if (bytes <= small) await copyFileChecked(source, target, { signal });
      else await runWorkerJob(processHost, 'copyFile', { source, target }, { signal, progress: tell });
      copies.set(`${dev} ${ino}`, target);
    }
    if (holdsPaths(inner)) await rewrite(target, from, to);
    done += bytes;
    progress(done, contents.bytes);
  }
  for (const inner of [...contents.folders].reverse()) await syncFolder(join(to, inner));
  await syncFolder(to);
}

/** False when the two places are on different drives, or the drive has no hard links. */
async function linked(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target);
    return true;
  } catch (error) {
    if (noLinks.has((error as { code?: string }).code ?? '')) return false;
    throw hostFailure(error, 'create', target);
  }
}

/** A file of its own takes the name, so that the old one keeps what it says. */
async function rewrite(target: string, from: string, to: string): Promise<void> {
  const text = withPathsMoved(await readFile(target, 'utf8'), from, to);
  if (text !== undefined) await writeAtomic(target, text);
}
