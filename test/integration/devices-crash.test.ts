import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineConfig } from '@shared/machine/config';
import { removeUnfinishedImages, unfinishedImage } from '../../src/main/devices/images';
import { planAddDisk, planRemoveDisk } from '../../src/main/devices/plan';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { hostSnapshotFiles, type SnapshotFiles } from '../../src/main/snapshots/files';
import { JournalledFolder } from '../../src/main/snapshots/journal';
import type { Operation } from '../../src/main/snapshots/steps';
import { SnapshotStore } from '../../src/main/snapshots/store';
import {
  complaintsAbout,
  copyOf,
  digestOf,
  type FaultKind,
  FaultyFiles,
  look,
  machineFolder,
  writeTo,
} from '../helpers/snapshots';
import { quickFolder } from '../helpers/temp-folder';

/**
 * Adding and removing a disk is stopped at every call to the host's disk, as the operations on snapshots are.
 * Afterwards the machine has the disk, whole, or it has not; and snapshots have what they had.
 */

const options = {
  description: '',
  state: 'off',
  engineVersion: '1',
  createdAt: '2026-01-01T00:00:00.000Z',
} as const;
const kept = 'disks/disk1-kept.qcow2';

let root: string;
let base: string;
/** Where the second disk's images lie, the newest first: one of its own, one that a snapshot has. */
let chain: string[];
let before: MachineConfig;

beforeAll(async () => {
  root = await quickFolder('devices');
  base = join(root, 'base');
  await machineFolder(base, 2);
  const store = new SnapshotStore(base, hostSnapshotFiles());
  const fill = async (byte: number): Promise<void> => {
    for (const { path } of (await store.config()).disks) {
      await writeTo(join(base, path), 50_000, new Uint8Array(100_000).fill(byte));
    }
  };
  await fill(1);
  await store.take({ ...options, name: 'a' }, false);
  await fill(2);
  before = await store.config();
  chain = await store.innerChain(before.disks[1]?.path ?? '');
  expect(chain).toHaveLength(2);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Each gives its operation for a copy of the folder. */
const operations: Record<string, (folder: string) => Promise<Operation>> = {
  'add a disk': async (folder) => {
    const image = unfinishedImage();
    await createQcow2(join(folder, image), { virtualSize: 65536 });
    return planAddDisk(before, { id: 'disk2', path: 'disks/disk2.qcow2', bus: 'ide' }, image);
  },
  'remove a disk and erase what no snapshot has': async () =>
    planRemoveDisk(before, 'disk1', { chain, own: chain.slice(0, 1) }, false, null),
  'remove a disk and keep what it holds': async () =>
    planRemoveDisk(before, 'disk1', { chain, own: chain.slice(0, 1) }, true, kept),
};

async function run(folder: string, operation: Operation, files: SnapshotFiles): Promise<void> {
  await new JournalledFolder(folder, files).run(operation);
}

/** What is not in order, images that were kept apart. */
async function complaints(folder: string, withQemu = false): Promise<string[]> {
  return (await complaintsAbout(folder, withQemu)).filter((text) => !text.startsWith(kept));
}

describe.each(Object.keys(operations))('%s', (name) => {
  it('happens wholly or not at all, wherever it is stopped', async () => {
    const folder = join(root, 'work');
    const operation = async (): Promise<Operation> => {
      await copyOf(base, folder);
      return (await operations[name]?.(folder)) as Operation;
    };
    const old = await look(base);
    const counting = new FaultyFiles(Infinity, 'after');
    await run(folder, await operation(), counting);
    const done = await look(folder);
    expect(done).not.toEqual(old);
    expect(done.snapshots).toEqual(old.snapshots);
    expect(await complaints(folder, true)).toEqual([]);

    const outcomes = new Set<string>();
    for (const kind of ['after', 'torn', 'no-space'] as FaultKind[]) {
      for (let n = 1; n <= counting.calls; n++) {
        const where = `${kind} at call ${n}`;
        await expect(run(folder, await operation(), new FaultyFiles(n, kind)), where).rejects.toThrow();
        // What the next start of the program does.
        await new SnapshotStore(folder, hostSnapshotFiles()).recover();
        await removeUnfinishedImages(folder);
        const seen = await look(folder);
        const happened = JSON.stringify(seen) === JSON.stringify(done);
        expect(seen, where).toEqual(happened ? done : old);
        expect(await complaints(folder), where).toEqual([]);
        const files = await readdir(join(folder, 'disks'));
        expect(
          files.filter((file) => file.startsWith('.')),
          where,
        ).toEqual([]);
        // What is to be kept is there before the machine loses it.
        if (happened && name.includes('keep')) {
          expect(await digestOf(join(folder, kept)), where).toBe(await digestOf(join(base, chain[0] ?? '')));
        }
        outcomes.add(happened ? 'new' : 'old');
      }
    }
    expect([...outcomes].sort()).toEqual(['new', 'old']);
  });
});

it('an image that is just being made is left alone', async () => {
  const folder = await copyOf(base, join(root, 'busy'));
  const [left, busy] = [unfinishedImage(), unfinishedImage()];
  for (const image of [left, busy]) await createQcow2(join(folder, image), { virtualSize: 65536 });
  await copyFile(join(folder, left), join(folder, 'disks', '.adding-by-somebody-else'));
  const { openDisk } = await import('../../src/main/disks/open-disk');
  const open = await openDisk(join(folder, busy), { readOnly: false });
  await removeUnfinishedImages(folder);
  const names = (await readdir(join(folder, 'disks'))).map((file) => `disks/${file}`);
  expect(names).not.toContain(left);
  expect(names).toContain(busy);
  expect(names).toContain('disks/.adding-by-somebody-else');
  await open.close();
});
