import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, truncate, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '@shared/errors';
import type { MachineConfig } from '@shared/machine/config';
import { SharedImageWriter } from '../../src/main/disks/memory-chunks/image-writer';
import { openDisk } from '../../src/main/disks/open-disk';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { SavedStateWriter } from '../../src/main/disks/saved-state/writer';
import { writeConfig } from '../../src/main/machines/folder';
import { hostSnapshotFiles, type SnapshotFiles } from '../../src/main/snapshots/files';
import { imagesOf, keptImages } from '../../src/main/snapshots/plan-delete';
import { SnapshotStore } from '../../src/main/snapshots/store';
import { verifyDisks } from '../../src/main/snapshots/verify';
import { checkImage, hasQemuImg } from './qemu-img';
import { testConfig } from './machine-config';

export const diskSize = 12 * 65536;

/** What a new snapshot is given besides its name, where that does not matter. */
export const takeOptions = {
  description: '',
  state: 'off',
  engineVersion: '1',
  createdAt: '2026-01-01T00:00:00.000Z',
} as const;

/** A machine's folder with empty disks, without a program around it. */
export async function machineFolder(folder: string, disks = 1): Promise<MachineConfig> {
  await mkdir(join(folder, 'disks'), { recursive: true });
  const config = testConfig({
    disks: Array.from({ length: disks }, (_, index) => ({
      id: `disk${index}`,
      path: `disks/disk${index}.qcow2`,
      bus: 'ide' as const,
    })),
  });
  for (const { path } of config.disks) await createQcow2(join(folder, path), { virtualSize: diskSize });
  await writeConfig(folder, config);
  return config;
}

/** Every byte of a disk, as a guest sees it. */
export async function contentsOf(path: string): Promise<Uint8Array> {
  const disk = await openDisk(path, { readOnly: true });
  try {
    return await disk.read(0, disk.size);
  } finally {
    await disk.close();
  }
}

export async function writeTo(path: string, offset: number, data: Uint8Array): Promise<void> {
  const disk = await openDisk(path, { readOnly: false });
  try {
    await disk.write(offset, data);
  } finally {
    await disk.close();
  }
}

/** Writes to all disks of a machine's present state. */
export async function fillDisks(folder: string, byte: number, offset: number, length: number): Promise<void> {
  const store = new SnapshotStore(folder, hostSnapshotFiles());
  for (const { path } of (await store.config()).disks) {
    await writeTo(join(folder, path), offset, new Uint8Array(length).fill(byte));
  }
}

const memoryIdentity = { engine: 'v86', engineVersion: '1', hardwareDigest: 'ab'.repeat(32) };

/** A saved state that can be read, with all of its data in its own file. */
export async function writeSavedState(folder: string, text: string): Promise<void> {
  await mkdir(join(folder, 'saved'), { recursive: true });
  const writer = await SavedStateWriter.create(join(folder, 'saved', 'state.viv'), memoryIdentity);
  await writer.write(Buffer.from(text));
  await writer.finish();
}

/** The memory of a snapshot: 200 KB that all of these have, and 100 KB of its own, by `seed`. */
export async function writeMemory(folder: string, snapshot: string, seed: number): Promise<void> {
  const path = join(folder, 'snapshots', snapshot, 'memory.viv');
  const writer = await SharedImageWriter.create(path, memoryIdentity);
  for (const [part, bytes] of [
    [0, 200_000],
    [seed, 100_000],
  ] as const) {
    for (let at = 0; at < bytes; at += 32) {
      await writer.write(createHash('sha256').update(`${part} ${at}`).digest());
    }
  }
  await writer.finish();
}

/** Snapshots a ─ b ─ present, with a saved state and firmware variables; gives the ids of both. */
export async function makeSmallTree(folder: string): Promise<string[]> {
  await machineFolder(folder, 1);
  const store = new SnapshotStore(folder, hostSnapshotFiles());
  const fill = (byte: number, offset: number): Promise<void> => fillDisks(folder, byte, offset, 90_000);
  await mkdir(join(folder, 'firmware'));
  await writeFile(join(folder, 'firmware', 'variables.fd'), 'variables');
  await fill(1, 0);
  const a = await store.take({ ...takeOptions, name: 'a' }, false);
  await fill(2, 70_000);
  const b = await store.take({ ...takeOptions, name: 'b' }, false);
  await fill(3, 200_000);
  for (const [seed, id] of [a, b].entries()) await writeMemory(folder, id, seed + 1);
  await writeSavedState(folder, 'the memory');
  return [a, b];
}

/** A folder as a person sees it: what the present state and every snapshot hold, by disk. */
export interface Seen {
  present: Record<string, string>;
  current: string | undefined;
  /** What the machine goes back to when it is powered off, by disk. */
  kept: Record<string, string> | undefined;
  snapshots: Record<string, { parent: string | null; memory: boolean; disks: Record<string, string> }>;
}

/** Stands for every byte of a disk: two disks with the same digest hold the same. */
export const digestOf = async (path: string): Promise<string> =>
  createHash('sha256')
    .update(await contentsOf(path))
    .digest('hex');

/** @param read what is to be known of each disk, by the path of its image */
export async function look(folder: string, read = digestOf): Promise<Seen> {
  const store = new SnapshotStore(folder, hostSnapshotFiles());
  const config = await store.config();
  const disksOf = async (of: MachineConfig): Promise<Record<string, string>> => {
    const found: Record<string, string> = {};
    for (const { id, path } of of.disks) found[id] = await read(join(folder, path));
    return found;
  };
  const snapshots: Seen['snapshots'] = {};
  for (const record of await store.records()) {
    const memory = await store.has(`snapshots/${record.id}/memory.viv`);
    snapshots[record.id] = { parent: record.parent, memory, disks: await disksOf(record.config) };
  }
  const kept = config.kept && {
    ...config,
    disks: config.disks.map((disk) => ({ ...disk, path: config.kept?.paths[disk.id] ?? '' })),
  };
  return {
    present: await disksOf(config),
    current: config.snapshot,
    kept: kept && (await disksOf(kept)),
    snapshots,
  };
}

/** What is seen, as one text, in which snapshots are `new` that are not known. */
export function outline({ present, current, kept, snapshots }: Seen, known: readonly string[]): string {
  const name = (id: string | null | undefined): string =>
    id === null || id === undefined ? 'none' : known.includes(id) ? id : 'new';
  const found = Object.entries(snapshots).map(([id, { parent, disks }]) => [name(id), name(parent), disks]);
  return JSON.stringify([present, name(current), kept, found.sort()]);
}

/** What the checker says, and qemu-img where it is installed; empty when all is well. */
export async function complaintsAbout(folder: string, withQemu = true): Promise<string[]> {
  const store = new SnapshotStore(folder, hostSnapshotFiles());
  const complaints = (await verifyDisks(store)).map(({ path, message }) => `${path}: ${message}`);
  if (!withQemu || !hasQemuImg) return complaints;
  const images = new Set((await store.records()).flatMap(imagesOf));
  const config = await store.config();
  for (const path of [...config.disks.map((disk) => disk.path), ...keptImages(config.kept)]) images.add(path);
  for (const image of images) {
    const said = await checkImage(join(folder, image));
    if (said) complaints.push(`${image}: ${said}`);
  }
  return complaints;
}

export type FaultKind = 'after' | 'torn' | 'no-space';

/** Fails at the n-th call: as if the computer had lost its power there or, with `no-space`, only that one time. */
export class FaultyFiles implements SnapshotFiles {
  calls = 0;
  private readonly real = hostSnapshotFiles();

  constructor(
    private readonly failAt: number,
    private readonly kind: FaultKind,
  ) {}

  folder = (path: string) => this.call(() => this.real.folder(path));
  overlay = (path: string, below: string) => this.call(() => this.real.overlay(path, below), path);
  merge: SnapshotFiles['merge'] = (request, options) =>
    this.call(() => this.real.merge(request, options), request.target);
  settle = (path: string) => this.call(() => this.real.settle(path));
  share = (from: string, path: string) => this.call(() => this.real.share(from, path));
  shareMemory: SnapshotFiles['shareMemory'] = (from, path, options) =>
    this.call(() => this.real.shareMemory(from, path, options));
  copyFolder = (from: string, path: string) => this.call(() => this.real.copyFolder(from, path));
  write = (path: string, text: string) =>
    this.call(
      () => this.real.write(path, text),
      undefined,
      () => writeFile(join(dirname(path), `.unfinished.tmp`), text.slice(0, text.length / 2)),
    );
  collectMemory = (folder: string) => this.call(() => this.real.collectMemory(folder));
  rename = (from: string, to: string) => this.call(() => this.real.rename(from, to));
  remove = (path: string) =>
    this.call(
      () => this.real.remove(path),
      undefined,
      async () => {
        const [first] = await readdir(path).catch(() => []);
        if (first !== undefined) await rm(join(path, first), { recursive: true });
      },
    );

  private async call(work: () => Promise<void>, made?: string, half?: () => Promise<void>): Promise<void> {
    this.calls++;
    const { calls, failAt, kind } = this;
    if (calls < failAt || (kind === 'no-space' && calls > failAt)) return work();
    if (calls === failAt && kind === 'after') await work();
    if (calls === failAt && kind === 'torn') {
      if (half) await half();
      else await work();
      if (made !== undefined) await truncate(made, 70_000);
    }
    throw new Failure(
      kind === 'no-space' ? 'file.no-space' : 'file.io',
      `The ${kind} fault at call ${failAt}`,
    );
  }
}

/** A copy of a machine's folder that a test may ruin. */
export async function copyOf(folder: string, to: string): Promise<string> {
  await rm(to, { recursive: true, force: true });
  await cp(folder, to, { recursive: true, preserveTimestamps: true });
  return to;
}
