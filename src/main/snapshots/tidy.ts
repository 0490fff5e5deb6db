import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeUnusedPacks } from '../disks/memory-chunks/collect';

/** What a process that was killed while it wrote a snapshot's memory, or a record, has left. */
const unfinished = /^\.(memory\.viv|screen\.png|snapshot\.json)\..*\.tmp$/;

/** Removes unfinished files of snapshots, and memory that none of them has. Precondition: nobody writes to them. */
export async function removeUnfinishedFiles(folder: string): Promise<void> {
  await removeUnusedPacks(folder);
  const snapshots = join(folder, 'snapshots');
  for (const entry of await readdir(snapshots, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    for (const name of await readdir(join(snapshots, entry.name))) {
      if (unfinished.test(name)) await rm(join(snapshots, entry.name, name), { force: true });
    }
  }
}
