import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import type { MergeOptions } from '../../src/main/disks/chain/merge';
import { hostSnapshotFiles, type SnapshotFiles } from '../../src/main/snapshots/files';
import { SnapshotStore } from '../../src/main/snapshots/store';
import {
  complaintsAbout,
  contentsOf,
  copyOf,
  fillDisks,
  type FaultKind,
  FaultyFiles,
  look,
  machineFolder,
  type Seen,
  takeOptions,
  writeMemory,
  writeSavedState,
  writeTo,
} from '../helpers/snapshots';
import { quickFolder } from '../helpers/temp-folder';

/**
 * Every operation on the tree is stopped at every one of its calls to the host's disk: after it (which is before the
 * next), in the middle of it, or by a full disk. Afterwards there is the old state or the new one, whole.
 */

let root: string;
let base: string;
/** The same, while it will go back to that: with changes, and a snapshot of some of them. */
let forgetful: string;
/** In the order in which they were taken: root, two children of it, a grandchild that the present goes on from. */
let ids: string[];

/**
 * Snapshots a ─ b ─ d ─ present, and a ─ c, the first three with memory that is shared in part; the present has a saved
 * state and firmware variables.
 */
async function makeTree(folder: string): Promise<string[]> {
  await machineFolder(folder, 2);
  const store = new SnapshotStore(folder, hostSnapshotFiles());
  const fill = (byte: number, offset: number): Promise<void> => fillDisks(folder, byte, offset, 100_000);
  await mkdir(join(folder, 'firmware'));
  await writeFile(join(folder, 'firmware', 'variables.fd'), 'first variables');
  await fill(1, 0);
  const a = await store.take({ ...takeOptions, name: 'a' }, false);
  await fill(2, 70_000);
  await fill(0, 10_000);
  const b = await store.take({ ...takeOptions, name: 'b' }, false);
  await store.restore(a, false);
  await fill(3, 200_000);
  const c = await store.take({ ...takeOptions, name: 'c' }, false);
  await store.restore(b, false);
  await fill(4, 300_000);
  await writeFile(join(folder, 'firmware', 'variables.fd'), 'second variables');
  await writeSavedState(folder, 'the memory of d');
  await writeFile(join(folder, 'saved', 'screen.png'), 'the screen of d');
  const d = await store.take({ ...takeOptions, name: 'd' }, true);
  for (const [seed, id] of [a, b, c].entries()) await writeMemory(folder, id, seed + 1);
  await fill(5, 0);
  return [a, b, c, d];
}

beforeAll(async () => {
  root = await quickFolder('crash');
  base = join(root, 'base');
  ids = await makeTree(base);
  expect(await complaintsAbout(base)).toEqual([]);
  forgetful = await copyOf(base, join(root, 'forgetful'));
  const store = new SnapshotStore(forgetful, hostSnapshotFiles());
  await rm(join(forgetful, 'saved'), { recursive: true });
  await store.keep();
  await writeFile(join(forgetful, 'firmware', 'variables.fd'), 'passing variables');
  const change = (byte: number): Promise<void> => fillDisks(forgetful, byte, 400_000, 50_000);
  await change(6);
  await store.take({ ...takeOptions, name: 'of what passes' }, false);
  await change(7);
  expect(await complaintsAbout(forgetful)).toEqual([]);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const [first, second, third, fourth] = [0, 1, 2, 3].map((index) => () => ids[index] ?? '');
const operations: Record<string, (store: SnapshotStore) => Promise<unknown>> = {
  'take with memory': (store) => store.take({ ...takeOptions, name: 'new' }, true),
  'restore with memory': (store) => store.restore(fourth?.() ?? '', true),
  'restore disks only': (store) => store.restore(third?.() ?? '', false),
  'delete a leaf': async (store) => store.delete(await store.planDelete([third?.() ?? ''], false)),
  'delete an inner node': async (store) => store.delete(await store.planDelete([second?.() ?? ''], false)),
  'delete the root with two children': async (store) =>
    store.delete(await store.planDelete([first?.() ?? ''], false)),
  'delete the current one': async (store) => store.delete(await store.planDelete([fourth?.() ?? ''], false)),
  'keep what there is': (store) => store.keep(),
  'discard what has changed': (store) => store.discard(),
  'delete while changes are to be discarded': async (store) =>
    store.delete(await store.planDelete([third?.() ?? '', fourth?.() ?? ''], false)),
  'delete several at once': async (store) =>
    store.delete(await store.planDelete([first?.() ?? '', second?.() ?? '', fourth?.() ?? ''], false)),
};

/** Where an operation begins. */
const beginsIn = (name: string): string => (name.includes('discard') ? forgetful : base);

/** What is seen, without the ids that are made anew each time. */
function comparable(seen: Seen, before: Seen): unknown {
  const known = new Set(Object.keys(before.snapshots));
  const name = (id: string | null | undefined): string =>
    id === undefined || id === null ? 'none' : known.has(id) ? id : 'new';
  return {
    present: seen.present,
    kept: seen.kept,
    current: name(seen.current),
    snapshots: Object.fromEntries(
      Object.entries(seen.snapshots).map(([id, { parent, ...rest }]) => [
        name(id),
        { parent: name(parent), ...rest },
      ]),
    ),
  };
}

async function judge(folder: string, before: Seen, after: unknown, what: string): Promise<'old' | 'new'> {
  expect(await complaintsAbout(folder, false), what).toEqual([]);
  const found = comparable(await look(folder), before);
  const old = comparable(before, before);
  if (JSON.stringify(found) === JSON.stringify(old)) return 'old';
  expect(found, what).toEqual(after);
  return 'new';
}

describe.each(Object.entries(operations))('%s, stopped anywhere', (name, operation) => {
  it.each(['after', 'torn', 'no-space'] as FaultKind[])('%s', async (kind) => {
    const folder = join(root, 'work');
    const from = beginsIn(name);
    const before = await look(from);
    await copyOf(from, folder);
    const counter = new FaultyFiles(Infinity, kind);
    await operation(new SnapshotStore(folder, counter));
    const after = comparable(await look(folder), before);
    expect(after).not.toEqual(comparable(before, before));
    const outcomes = new Set<string>();
    for (let n = 1; n <= counter.calls; n++) {
      await copyOf(from, folder);
      const what = `${kind}, call ${n} of ${counter.calls}`;
      await expect(operation(new SnapshotStore(folder, new FaultyFiles(n, kind))), what).rejects.toThrow();
      const store = new SnapshotStore(folder, hostSnapshotFiles());
      await store.recover();
      expect(await store.recover(), what).toBeUndefined();
      outcomes.add(await judge(folder, before, after, what));
      // It goes on from there: whatever is left, the next operation works.
      if (n % 4 !== 0) continue;
      await store.take({ ...takeOptions, name: 'next' }, false);
      expect(await complaintsAbout(folder, false), what).toEqual([]);
    }
    expect(outcomes).toEqual(new Set(['old', 'new']));
  });
});

describe('a deletion that is cancelled', () => {
  const deletes = async (folder: string, files: SnapshotFiles, options: MergeOptions): Promise<void> => {
    const store = new SnapshotStore(folder, files);
    await store.delete(await store.planDelete([second?.() ?? ''], false), options);
  };

  it('while images are merged changes nothing', async () => {
    const folder = await copyOf(base, join(root, 'cancelled'));
    const before = await look(folder);
    const abort = new AbortController();
    const onProgress = (): void => abort.abort(new Failure('cancelled', 'Enough.'));
    const deleting = deletes(folder, hostSnapshotFiles(), { signal: abort.signal, onProgress });
    await expect(deleting).rejects.toMatchObject({ code: 'cancelled' });
    expect(await look(folder)).toEqual(before);
    expect(await complaintsAbout(folder)).toEqual([]);
    await deletes(folder, hostSnapshotFiles(), {});
    expect(await complaintsAbout(folder)).toEqual([]);
  });

  it('after it was decided is carried to its end', async () => {
    const folder = await copyOf(base, join(root, 'too-late'));
    const abort = new AbortController();
    const real = hostSnapshotFiles();
    const files: SnapshotFiles = {
      ...real,
      rename: (from, to) => {
        abort.abort(new Failure('cancelled', 'Enough.'));
        return real.rename(from, to);
      },
    };
    await deletes(folder, files, { signal: abort.signal });
    expect(abort.signal.aborted).toBe(true);
    expect((await look(folder)).snapshots).not.toHaveProperty(second?.() ?? '');
    expect(await complaintsAbout(folder)).toEqual([]);
  });
});

describe('a snapshot of a running machine, whose program dies after it was decided', () => {
  it.each(['the new images', 'the old images'])('keeps what the guest wrote to %s', async (where) => {
    const folder = await copyOf(base, join(root, 'live'));
    const store = new SnapshotStore(folder, hostSnapshotFiles());
    const before = await store.config();
    const { pending, overlays, id } = await store.beginTake({ ...takeOptions, name: 'live' }, false);
    await pending.decide();
    const written = new Uint8Array(5000).fill(200);
    for (const disk of before.disks) {
      const old = join(folder, disk.path);
      await writeTo(where === 'the new images' ? (overlays[disk.id] ?? '') : old, 123_456, written);
    }
    expect(await new SnapshotStore(folder, hostSnapshotFiles()).recover()).toMatchObject({ how: 'finished' });
    expect(await complaintsAbout(folder)).toEqual([]);
    expect((await look(folder)).current).toBe(id);
    for (const disk of (await store.config()).disks) {
      const contents = await contentsOf(join(folder, disk.path));
      expect(contents.subarray(123_456, 128_456).every((byte) => byte === 200)).toBe(true);
    }
  });

  it('is undone as a whole when the machine’s process refused', async () => {
    const folder = await copyOf(base, join(root, 'refused'));
    const before = await look(folder);
    const store = new SnapshotStore(folder, hostSnapshotFiles());
    const { pending } = await store.beginTake({ ...takeOptions, name: 'live' }, false);
    await pending.decide();
    await pending.takeBack(new Error('refused'));
    expect(await store.recover()).toBeUndefined();
    expect(await look(folder)).toEqual(before);
    expect(await complaintsAbout(folder)).toEqual([]);
  });
});

describe('a recovery', () => {
  it('that is stopped as well is finished by the next one', async () => {
    const folder = join(root, 'twice');
    const before = await look(base);
    await copyOf(base, folder);
    await operations['delete several at once']?.(new SnapshotStore(folder, hostSnapshotFiles()));
    const after = comparable(await look(folder), before);
    const total = new FaultyFiles(Infinity, 'after');
    await copyOf(base, folder);
    await operations['delete several at once']?.(new SnapshotStore(folder, total));
    for (let n = 1; n <= total.calls; n += 3) {
      for (const again of [1, 2, 4]) {
        await copyOf(base, folder);
        const store = new SnapshotStore(folder, new FaultyFiles(n, 'after'));
        await expect(operations['delete several at once']?.(store)).rejects.toThrow();
        await new SnapshotStore(folder, new FaultyFiles(again, 'torn')).recover().catch(() => undefined);
        await new SnapshotStore(folder, hostSnapshotFiles()).recover();
        await judge(folder, before, after, `call ${n}, then ${again}`);
      }
    }
  });

  it('refuses a journal that it does not understand, and touches nothing', async () => {
    const folder = await copyOf(base, join(root, 'strange'));
    const before = await look(folder);
    for (const text of [
      '{"schema":2}',
      'torn {',
      JSON.stringify({
        schema: 1,
        title: '',
        phase: 'prepare',
        prepare: [{ do: 'folder', path: '../base' }],
        commit: [],
      }),
      JSON.stringify({
        schema: 1,
        title: '',
        phase: 'commit',
        prepare: [],
        commit: [{ do: 'remove', path: 'machine.json' }],
      }),
    ]) {
      await writeFile(join(folder, 'journal.json'), text);
      const store = new SnapshotStore(folder, hostSnapshotFiles());
      await expect(store.recover()).rejects.toMatchObject({ code: 'journal.unfinished' });
      await expect(store.take({ ...takeOptions, name: 'x' }, false)).rejects.toMatchObject({
        code: 'journal.unfinished',
      });
    }
    expect(await look(folder)).toEqual(before);
  });
});
