import { stat } from 'node:fs/promises';
import { toErrorValue } from '@shared/errors';
import type { MachineConfig } from '@shared/machine/config';
import { formatOf } from '../disks/chain/chain';
import { openDisk } from '../disks/open-disk';
import { exists } from './files';
import { verifyMemory } from '../disks/memory-chunks/verify';
import { imagesOf, keptImages } from './plan-delete';
import { filesOf, type ImageSignature, inFolder, type SnapshotRecord } from './record';
import type { SnapshotStore } from './store';

/** One thing that is not as it should be. */
export interface Complaint {
  /** What it is about, inside the machine's folder. */
  path: string;
  message: string;
}
type Complain = (path: string, message: string) => void;

/** What takes long: looked at only where somebody says how. Paths are absolute. */
export interface DeepChecks {
  /** What is wrong with the tables of qcow2 images, by path; nothing for those that are in order. */
  tables(images: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** The SHA-256 of a file. With it, frozen images are compared with what they held when this was done first. */
  digest?: ((path: string) => Promise<string>) | undefined;
}

/**
 * Checks what must hold for a machine's disks at rest: every chain is complete and can be opened, every frozen image
 * is what it was when it was frozen, no present image is frozen, the tree has no holes, every part of every memory
 * image is there and right, every file is accounted for, and nothing is half done.
 */
export async function verifyDisks(store: SnapshotStore, deep?: DeepChecks): Promise<Complaint[]> {
  const complaints: Complaint[] = [];
  const complain: Complain = (path, message) => void complaints.push({ path, message });
  if (await store.has('journal.json')) complain('journal.json', 'A change is half done.');
  const config = await store.config();
  const { records, broken } = await store.usableRecords();
  for (const id of broken) complain(filesOf(id).record, 'This snapshot cannot be read.');
  await verifyTree(store, config, records, broken, complain);
  await verifyFrozen(store, records, complain);
  verifyPresent(config, records, complain);
  await verifyKept(store, config, complain);
  const images = [...records.flatMap(imagesOf), ...config.disks.map(({ path }) => path)];
  const used = await verifyChains(store, [...images, ...keptImages(config.kept)], complain);
  const merged = await store.mergedImages();
  // What nobody is known to need may belong to a snapshot that cannot be read.
  for (const file of broken.length > 0 ? [] : await store.diskFiles()) {
    if (!used.has(file) && !merged.includes(file))
      complain(file, 'No disk of the machine or of a snapshot uses this file.');
  }
  await verifyMemory(store.folder, (path, message) => complain(store.inner(path) ?? path, message));
  if (deep) await verifyDeeply(store, records, [...used], deep, complain);
  return complaints;
}

async function verifyTree(
  store: SnapshotStore,
  config: MachineConfig,
  records: readonly SnapshotRecord[],
  broken: readonly string[],
  complain: Complain,
): Promise<void> {
  const ids = new Set([...records.map(({ id }) => id), ...broken]);
  for (const { id, parent } of records) {
    if (parent !== null && !ids.has(parent)) complain(filesOf(id).record, 'Its parent is missing.');
  }
  if (config.snapshot !== undefined && !ids.has(config.snapshot)) {
    complain('machine.json', 'The snapshot that the present state goes on from is missing.');
  }
  if (!(await exists(inFolder(store.folder, 'snapshots')))) return;
  for (const name of await store.snapshotFolders()) {
    if (!ids.has(name)) complain(`snapshots/${name}`, 'This belongs to no snapshot.');
  }
}

async function verifyFrozen(
  store: SnapshotStore,
  records: readonly SnapshotRecord[],
  complain: Complain,
): Promise<void> {
  const owned = new Set<string>();
  for (const record of records) {
    for (const { id, path: image } of record.config.disks) {
      if (owned.has(image)) complain(image, 'Two snapshots have the same image.');
      owned.add(image);
      const now = await stat(inFolder(store.folder, image)).catch(() => undefined);
      if (!now) complain(image, 'The image of a snapshot is missing.');
      else if (!isAsSigned(record.images[id], now)) {
        complain(image, 'The image of a snapshot has changed since it was frozen.');
      }
    }
  }
}

function verifyPresent(config: MachineConfig, records: readonly SnapshotRecord[], complain: Complain): void {
  const owned = new Set(records.flatMap(imagesOf));
  for (const { path } of config.disks) {
    if (owned.has(path)) complain(path, 'The present state would write to the image of a snapshot.');
  }
}

async function verifyKept(store: SnapshotStore, config: MachineConfig, complain: Complain): Promise<void> {
  if (!config.kept && (await store.has('kept'))) complain('kept', 'There is nothing to go back to any more.');
  for (const image of keptImages(config.kept)) {
    if (!(await store.has(image))) complain(image, 'What the machine goes back to is missing.');
    if (config.disks.some(({ path }) => path === image)) {
      complain(image, 'The machine would write to what it goes back to.');
    }
  }
}

/** @returns all images of the chains, inside the machine's folder */
async function verifyChains(
  store: SnapshotStore,
  images: readonly string[],
  complain: Complain,
): Promise<Set<string>> {
  const used = new Set<string>();
  for (const image of images) {
    try {
      for (const link of await store.innerChain(image)) used.add(link);
      const path = inFolder(store.folder, image);
      await (await openDisk(path, { readOnly: true, format: formatOf(path) })).close();
    } catch (error) {
      complain(image, toErrorValue(error).message);
    }
  }
  return used;
}

async function verifyDeeply(
  store: SnapshotStore,
  records: readonly SnapshotRecord[],
  used: readonly string[],
  { tables, digest }: DeepChecks,
  complain: Complain,
): Promise<void> {
  const images = used.map((image) => inFolder(store.folder, image));
  for (const [path, errors] of await tables(images.filter((path) => formatOf(path) === 'qcow2'))) {
    for (const error of errors) complain(store.inner(path) ?? path, error);
  }
  if (!digest) return;
  for (const record of records) {
    const noted: Record<string, string> = {};
    for (const { id, path: image } of record.config.disks) {
      const path = inFolder(store.folder, image);
      const signature = record.images[id];
      const now = await stat(path).catch(() => undefined); // complained of before
      if (!signature || !now || !isAsSigned(signature, now)) continue;
      const found = await digest(path);
      if (signature.sha256 === undefined) noted[id] = found;
      else if (signature.sha256 !== found) {
        complain(
          image,
          'The image of a snapshot holds something else than before, in spite of its size and time.',
        );
      }
    }
    if (Object.keys(noted).length > 0) await store.noteDigests(record.id, noted);
  }
}

function isAsSigned(signature: ImageSignature | undefined, now: { size: number; mtimeMs: number }): boolean {
  return signature?.bytes === now.size && sameTime(signature.mtimeMs, now.mtimeMs);
}

/** Copies keep times to the millisecond, or to the second in an archive. */
function sameTime(before: number, now: number): boolean {
  return Math.abs(before - now) < 1 || Math.floor(before / 1000) * 1000 === now;
}
