import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Failure } from '@shared/errors';
import { buildFull } from '../../src/main/clones/build';
import { hostCloneFiles } from '../../src/main/clones/files';
import type { CloneIdentity } from '../../src/main/clones/plan';
import { readSource } from '../../src/main/clones/source';
import { planRewrite } from '../../src/main/disk-library/plan';
import { growDisk } from '../../src/main/disks/grow';
import { buildMachineFolder } from '../../src/main/machines/build-folder';
import { hostSnapshotFiles } from '../../src/main/snapshots/files';
import { JournalledFolder } from '../../src/main/snapshots/journal';
import { SnapshotStore } from '../../src/main/snapshots/store';
import { arm, fault, type HostFault } from '../helpers/faulty-fs';
import {
  complaintsAbout,
  copyOf,
  diskSize,
  look,
  makeSmallTree,
  outline,
  takeOptions,
} from '../helpers/snapshots';
import { quickFolder } from '../helpers/temp-folder';

/**
 * Below whole steps: the host's disk refuses one single write, one flush, one rename, anywhere in an operation on
 * snapshots; or it is full from there on. Nothing is lost, what is told has a code, and it works when the disk does.
 */

vi.mock('node:fs/promises', async (original) => {
  const { faultyFs } = await import('../helpers/faulty-fs');
  return faultyFs(await original());
});

let root: string;
let base: string;
let ids: string[];

beforeAll(async () => {
  root = await quickFolder('faults');
  base = join(root, 'base');
  ids = await makeSmallTree(base);
  await mkdir(join(root, 'clones'));
  expect(await complaintsAbout(base)).toEqual([]);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const operations: Record<string, (store: SnapshotStore) => Promise<unknown>> = {
  take: (store) => store.take({ ...takeOptions, name: 'new' }, true),
  restore: (store) => store.restore(ids[0] ?? '', false),
  delete: async (store) => store.delete(await store.planDelete([ids[0] ?? ''], false)),
  'keep and discard': async (store) => {
    await rm(join(store.folder, 'saved'), { recursive: true, force: true });
    await store.keep();
    await store.discard();
  },
  compact: async (store) => {
    const [frozen, image] = [await frozenDisk(store), await presentDisk(store)];
    const plan = planRewrite({ path: image, below: frozen }, await store.records(), 'Compact', 'op');
    await new JournalledFolder(store.folder, hostSnapshotFiles()).run(plan);
  },
  grow: async (store) =>
    growDisk(join(store.folder, await presentDisk(store)), 'qcow2', diskSize + 40 * 65536),
  clone: async (store) => {
    const clones = join(root, 'clones');
    const { signal } = new AbortController();
    try {
      const source = await readSource(store.folder, null);
      const made = await buildMachineFolder(clones, cloned, signal, (folder) =>
        buildFull(folder, source, cloned, hostCloneFiles(), { signal, progress: () => undefined }),
      );
      await rm(made, { recursive: true });
    } finally {
      // There is a whole clone or nothing of it.
      expect(await readdir(clones)).toEqual([]);
    }
  },
};

const cloned: CloneIdentity = {
  id: 'clone00000000000',
  name: 'The clone',
  created: '2026-02-02T00:00:00.000Z',
  macs: new Map(),
  origin: { machine: 'abcdefgh12345678', name: 'Test machine', snapshot: null, linked: false },
};

const presentDisk = async (store: SnapshotStore): Promise<string> =>
  (await store.config()).disks[0]?.path ?? '';
const frozenDisk = async (store: SnapshotStore): Promise<string> =>
  (await store.record(ids[1] ?? '')).config.disks[0]?.path ?? '';

/** Longer ones are tried at every third call, unless there is time (see `snapshots-torture.test.ts`). */
const long = new Set(['keep and discard', 'compact', 'clone']);
const strideOf = (name: string): number =>
  long.has(name) && process.env['VIVARIUM_TORTURE'] === undefined ? 3 : 1;

describe.each(Object.entries(operations))('%s, with a disk that fails', (name, operation) => {
  it.each([
    ['refuses one write', { code: 'ENOSPC' }],
    ['is full from there on', { code: 'ENOSPC', count: Infinity }],
    ['cannot make something durable', { code: 'EIO', onlySyncs: true }],
  ] as [string, Partial<HostFault>][])('that %s', async (_kind, kind) => {
    const before = await look(base);
    const folder = await copyOf(base, join(root, 'work'));
    arm(kind);
    await operation(new SnapshotStore(folder, hostSnapshotFiles()));
    const { calls } = fault;
    expect(calls).toBeGreaterThan(kind.onlySyncs ? 3 : 8);
    arm({});
    const allowed = [outline(before, ids), outline(await look(folder), ids)];
    // Neither of the two halves of one that keeps and then discards changes what is there.
    const midway = JSON.stringify(before.present);
    let failures = 0;
    for (let n = 1; n <= calls; n += strideOf(name)) {
      const what = `${JSON.stringify(kind)}, call ${n} of ${calls}`;
      await copyOf(base, folder);
      arm({ ...kind, failAt: n });
      const failed = await operation(new SnapshotStore(folder, hostSnapshotFiles())).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(fault.open.size, what).toBe(0);
      arm({});
      // One that another way round was found for, such as a copy in place of a link, need not fail.
      if (failed !== undefined) {
        failures++;
        expect(failed, what).toBeInstanceOf(Failure);
        expect(['file.no-space', 'file.io', 'journal.unfinished'], what).toContain((failed as Failure).code);
      }
      const store = new SnapshotStore(folder, hostSnapshotFiles());
      await store.recover();
      expect(await complaintsAbout(folder, false), what).toEqual([]);
      const seen = await look(folder);
      if (seen.kept) expect(JSON.stringify(seen.kept), what).toBe(midway);
      else expect(allowed, what).toContain(outline(seen, ids));
      if (n % 5 === 0) {
        await store.take({ ...takeOptions, name: 'next' }, false);
        expect(await complaintsAbout(folder, false), what).toEqual([]);
      }
    }
    expect(failures).toBeGreaterThan(calls / strideOf(name) / 2);
  });
});
