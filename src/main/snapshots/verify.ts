import { stat } from 'node:fs/promises';
import { toErrorValue } from '@shared/errors';
import { formatOf } from '../disks/chain/chain';
import { openDisk } from '../disks/open-disk';
import { exists } from './files';
import { verifyMemory } from '../disks/memory-chunks/verify';
import { imagesOf, keptImages } from './plan-delete';
import { filesOf, inFolder } from './record';
import type { SnapshotStore } from './store';

/** One thing that is not as it should be. */
export interface Complaint {
  /** What it is about, inside the machine's folder. */
  path: string;
  message: string;
}

/**
 * Checks what must hold for a machine's disks at rest: every chain is complete and can be opened, every frozen image
 * is what it was when it was frozen, no present image is frozen, the tree has no holes, every part of every memory
 * image is there and right, every file is accounted for, and nothing is half done.
 */
export async function verifyDisks(store: SnapshotStore): Promise<Complaint[]> {
  const complaints: Complaint[] = [];
  const complain = (path: string, message: string): void => void complaints.push({ path, message });
  if (await store.has('journal.json')) complain('journal.json', 'A change is half done.');
  const config = await store.config();
  const records = await store.records();
  const ids = new Set(records.map(({ id }) => id));
  const present = config.disks.map(({ path }) => path);
  const owners = new Map<string, string>();
  const used = new Set<string>();

  for (const record of records) {
    const { record: path } = filesOf(record.id);
    if (record.parent !== null && !ids.has(record.parent)) complain(path, 'Its parent is missing.');
    for (const { id, path: image } of record.config.disks) {
      if (owners.has(image)) complain(image, 'Two snapshots have the same image.');
      owners.set(image, record.id);
      const signature = record.images[id];
      const now = await stat(inFolder(store.folder, image)).catch(() => undefined);
      if (!now) complain(image, 'The image of a snapshot is missing.');
      else if (signature?.bytes !== now.size || !sameTime(signature.mtimeMs, now.mtimeMs)) {
        complain(image, 'The image of a snapshot has changed since it was frozen.');
      }
    }
  }
  if (!config.kept && (await store.has('kept'))) complain('kept', 'There is nothing to go back to any more.');
  for (const image of keptImages(config.kept)) {
    if (!(await store.has(image))) complain(image, 'What the machine goes back to is missing.');
    if (present.includes(image)) complain(image, 'The machine would write to what it goes back to.');
  }
  if (config.snapshot !== undefined && !ids.has(config.snapshot)) {
    complain('machine.json', 'The snapshot that the present state goes on from is missing.');
  }
  for (const image of present) {
    if (owners.has(image)) complain(image, 'The present state would write to the image of a snapshot.');
  }
  for (const image of [...records.flatMap(imagesOf), ...present, ...keptImages(config.kept)]) {
    try {
      for (const link of await store.innerChain(image)) used.add(link);
      const path = inFolder(store.folder, image);
      await (await openDisk(path, { readOnly: true, format: formatOf(path) })).close();
    } catch (error) {
      complain(image, toErrorValue(error).message);
    }
  }
  for (const file of await store.diskFiles()) {
    if (!used.has(file)) complain(file, 'No disk of the machine or of a snapshot uses this file.');
  }
  if (await exists(inFolder(store.folder, 'snapshots'))) {
    for (const name of await store.snapshotFolders()) {
      if (!ids.has(name)) complain(`snapshots/${name}`, 'This belongs to no snapshot.');
    }
  }
  await verifyMemory(store.folder, (path, message) => complain(store.inner(path) ?? path, message));
  return complaints;
}

/** Copies keep times to the millisecond, or to the second in an archive. */
function sameTime(before: number, now: number): boolean {
  return Math.abs(before - now) < 1 || Math.floor(before / 1000) * 1000 === now;
}
