import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { ImageHealth, ImageUse, LibraryImage } from '@shared/disk/library';
import { imageIdentities } from '../clones/sharing';
import { chainOf, formatOf } from '../disks/chain/chain';
import { inspectDisk } from '../disks/inspect';
import type { Machine } from '../machines/machine';
import { hostSnapshotFiles } from '../snapshots/files';
import { keptImages } from '../snapshots/plan-delete';
import { inFolder, type SnapshotRecord } from '../snapshots/record';
import { SnapshotStore } from '../snapshots/store';

/** What the list is made from. */
export interface LibraryFolders {
  machines: readonly Machine[];
  /** Where uploads and downloads go. */
  mediaFolder: string;
  isBusy(machine: Machine): boolean;
}

/**
 * Every image of the library: what lies in the machines' folders, what is in their drives, and what lies among the
 * media. Looks without locking, so that it can be done while machines run. What cannot be read is part of the answer.
 */
export async function listImages(folders: LibraryFolders): Promise<LibraryImage[]> {
  const usable = folders.machines.filter(({ config }) => config !== null);
  const identities = new Map<Machine, Map<string, { key: string }>>();
  for (const machine of usable) {
    // One that cannot be read hides nothing of the others; whoever changes an image asks again, and is told.
    identities.set(machine, await imageIdentities(machine.folder).catch(() => new Map<string, never>()));
  }
  const lists: LibraryImage[] = [];
  for (const machine of usable) {
    const sharers = (inner: string): string[] => {
      const key = identities.get(machine)?.get(inner)?.key;
      if (key === undefined) return [];
      const others = [...identities].filter(
        ([other, images]) => other !== machine && [...images.values()].some((image) => image.key === key),
      );
      return others.map(([{ name }]) => name);
    };
    lists.push(...(await imagesOfMachine(machine, folders.isBusy(machine), sharers)));
  }
  return [...lists, ...(await listMedia(usable, folders.mediaFolder))];
}

async function imagesOfMachine(
  machine: Machine,
  inUse: boolean,
  sharers: (inner: string) => string[],
): Promise<LibraryImage[]> {
  const store = new SnapshotStore(machine.folder, hostSnapshotFiles());
  const files = await store.diskFiles().catch((): string[] => []);
  const { records, broken } = await store
    .usableRecords()
    .catch(() => ({ records: [] as SnapshotRecord[], broken: ['all of them'] }));
  const images: SizedImage[] = [];
  for (const inner of files.sort()) {
    const path = inFolder(machine.folder, inner);
    const status = await stat(path).catch(() => undefined);
    if (!status?.isFile()) continue;
    const image = await describe(path, status, inUse);
    images.push({ ...image, kind: 'disk', machine: machine.id, sharedWith: sharers(inner) });
  }
  // What a machine needs and has not is the first thing to tell.
  for (const inner of neededBy(machine, records)) {
    const path = inFolder(machine.folder, inner);
    if (images.some((image) => image.path === path)) continue;
    const problem = new Failure('file.not-found', phrase('imageUse.missing', { path })).toValue();
    images.push({ ...nothingAt(path), kind: 'disk', machine: machine.id, health: 'broken', problem });
  }
  const below = new Set(images.flatMap(({ chain }) => chain));
  const used = new Map(images.map(({ path }) => [path, usesOf(machine, records, path)]));
  // What is needed and cannot be read may go on from any of the others.
  const isUnsure =
    broken.length > 0 || images.some(({ path, health }) => health === 'broken' && used.get(path)?.length);
  return images.map((image) => {
    const usedBy = used.get(image.path) ?? [];
    if (usedBy.length === 0 && below.has(image.path)) usedBy.push({ by: 'chain', machine: machine.id });
    if (usedBy.length === 0 && isUnsure) usedBy.push({ by: 'unknown', machine: machine.id });
    return { ...plain(image), usedBy, health: healthOf(image, usedBy, changed(machine, records, image)) };
  });
}

function healthOf(image: LibraryImage, usedBy: readonly ImageUse[], isChanged: boolean): ImageHealth {
  if (usedBy.length === 0) return 'orphan';
  return isChanged && image.health !== 'broken' ? 'changed' : image.health;
}

function neededBy(machine: Machine, records: readonly SnapshotRecord[]): Set<string> {
  const configs = [...records.map(({ config }) => config), ...(machine.config ? [machine.config] : [])];
  const images = configs.flatMap(({ disks }) => disks.map(({ path }) => path));
  return new Set([...images, ...keptImages(machine.config?.kept)]);
}

function usesOf(machine: Machine, records: readonly SnapshotRecord[], path: string): ImageUse[] {
  const uses: ImageUse[] = [];
  const isIt = (inner: string): boolean => inFolder(machine.folder, inner) === path;
  for (const { id, path: inner } of machine.config?.disks ?? []) {
    if (isIt(inner)) uses.push({ by: 'machine', machine: machine.id, disk: id });
  }
  for (const { id, name, config } of records) {
    if (!config.disks.some((disk) => isIt(disk.path))) continue;
    uses.push({ by: 'snapshot', machine: machine.id, snapshot: id, name });
  }
  if (keptImages(machine.config?.kept).some(isIt)) uses.push({ by: 'kept', machine: machine.id });
  return uses;
}

function changed(machine: Machine, records: readonly SnapshotRecord[], image: SizedImage): boolean {
  return records.some(({ config, images }) =>
    config.disks.some(({ id, path }) => {
      const signature = images[id];
      return (
        inFolder(machine.folder, path) === image.path &&
        signature !== undefined &&
        signature.bytes !== image.length
      );
    }),
  );
}

/** With the length of the file, by which a changed one is noticed. */
type SizedImage = LibraryImage & { length: number };

const plain = ({ length: _length, ...image }: SizedImage): LibraryImage => image;

async function describe(
  path: string,
  status: { size: number; blocks: number },
  inUse: boolean,
): Promise<SizedImage> {
  const image: SizedImage = {
    ...nothingAt(path),
    inUse,
    format: formatOf(path),
    fileSize: process.platform === 'win32' ? status.size : status.blocks * 512,
    length: status.size,
  };
  if (image.format === 'raw') return { ...image, virtualSize: status.size };
  try {
    const info = await inspectDisk(path);
    const [, ...chain] = await chainOf(path);
    for (const link of [path, ...chain]) await refusePretender(link);
    const health = info.corrupt ? 'damaged' : info.dirty && !inUse ? 'unclosed' : 'ok';
    return { ...image, virtualSize: info.virtualSize, chain, health };
  } catch (error) {
    return { ...image, health: 'broken', problem: toErrorValue(error) };
  }
}

/** What is called qcow2 and is not cannot be opened, since the name decides. @throws Failure */
async function refusePretender(path: string): Promise<void> {
  if (formatOf(path) === 'raw' || (await inspectDisk(path)).format === 'qcow2') return;
  throw new Failure('disk.unknown-format', phrase('imageUse.notQcow2', { path }));
}

function nothingAt(path: string): SizedImage {
  return {
    path,
    name: basename(path),
    kind: 'medium',
    machine: null,
    inUse: false,
    format: formatOf(path),
    virtualSize: null,
    fileSize: 0,
    chain: [],
    usedBy: [],
    sharedWith: [],
    health: 'ok',
    problem: null,
    length: 0,
  };
}

/** What begins like this is being written, or is none of a person's. */
const hidden = /^\.|\.part$/;

async function listMedia(machines: readonly Machine[], mediaFolder: string): Promise<LibraryImage[]> {
  const uses = new Map<string, ImageUse[]>();
  for (const name of await readdir(mediaFolder).catch(() => [])) {
    if (!hidden.test(name)) uses.set(join(mediaFolder, name), []);
  }
  const running = new Set<string>();
  for (const { id, config, runner } of machines) {
    for (const { id: drive, path } of config?.drives ?? []) {
      if (path === null) continue;
      uses.set(path, [...(uses.get(path) ?? []), { by: 'drive', machine: id, drive }]);
      if (runner) running.add(path);
    }
  }
  const media: LibraryImage[] = [];
  for (const [path, usedBy] of [...uses].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const status = await stat(path).catch(() => undefined);
    if (status && !status.isFile()) continue;
    if (!status) {
      const problem = new Failure('file.not-found', phrase('imageUse.missing', { path })).toValue();
      media.push({
        ...plain(nothingAt(path)),
        format: mediumFormat(path),
        usedBy,
        health: 'broken',
        problem,
      });
      continue;
    }
    const image = await describe(path, status, running.has(path));
    media.push({ ...plain(image), format: mediumFormat(path), usedBy });
  }
  return media;
}

function mediumFormat(path: string): LibraryImage['format'] {
  const extension = extname(path).toLowerCase();
  if (extension === '.iso') return 'iso';
  if (extension === '.qcow2') return 'qcow2';
  return ['.vmdk', '.vdi', '.vhdx', '.vhd'].includes(extension) ? 'other' : 'raw';
}
