import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { branchOf } from '@shared/snapshot/tree';
import { hostSnapshotFiles } from '../../src/main/snapshots/files';
import { SnapshotStore } from '../../src/main/snapshots/store';
import {
  complaintsAbout,
  contentsOf,
  diskSize,
  machineFolder,
  takeOptions,
  writeTo,
} from '../helpers/snapshots';

/** Random trees of snapshots against the contents of disks in memory, with the real driver on real files. */

type Action =
  | { kind: 'write'; disk: number; offset: number; length: number; byte: number }
  | { kind: 'take' }
  | { kind: 'restore'; pick: number }
  | { kind: 'delete'; picks: number[] }
  | { kind: 'deleteBranch'; pick: number }
  | { kind: 'keep' }
  | { kind: 'discard' };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      disk: fc.nat(1),
      offset: fc.nat(diskSize - 1),
      length: fc.integer({ min: 1, max: 3 * 65536 }),
      // Zeros over old data are the ones that get lost.
      byte: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 255 })),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'take' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restore' as const), pick: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      picks: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deleteBranch' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'keep' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'discard' as const }) },
);

const options = { ...takeOptions, name: 'A' };

/** The machine as it must be. */
class Model {
  present = [new Uint8Array(diskSize), new Uint8Array(diskSize)];
  current: string | null = null;
  /** What it goes back to by `discard`. */
  kept: { disks: Uint8Array[]; current: string | null } | undefined;
  readonly snapshots = new Map<string, { parent: string | null; disks: Uint8Array[] }>();

  copyPresent(): Uint8Array[] {
    return this.present.map((disk) => disk.slice());
  }

  delete(ids: Set<string>): void {
    const survivor = (id: string | null): string | null => {
      let at = id;
      while (at !== null && ids.has(at)) at = this.snapshots.get(at)?.parent ?? null;
      return at;
    };
    for (const node of this.snapshots.values()) node.parent = survivor(node.parent);
    this.current = survivor(this.current);
    if (this.kept) this.kept.current = survivor(this.kept.current);
    for (const id of ids) this.snapshots.delete(id);
  }

  items(): { id: string; parent: string | null }[] {
    return [...this.snapshots].map(([id, { parent }]) => ({ id, parent }));
  }
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-snapshots-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function apply(store: SnapshotStore, model: Model, step: Action): Promise<void> {
  const ids = [...model.snapshots.keys()];
  const pick = (number: number): string | undefined => ids[number % Math.max(1, ids.length)];
  switch (step.kind) {
    case 'write': {
      const data = new Uint8Array(Math.min(step.length, diskSize - step.offset)).fill(step.byte);
      const disk = (await store.config()).disks[step.disk];
      await writeTo(join(store.folder, disk?.path ?? ''), step.offset, data);
      model.present[step.disk]?.set(data, step.offset);
      return;
    }
    case 'take': {
      const id = await store.take(options, false);
      model.snapshots.set(id, { parent: model.current, disks: model.copyPresent() });
      model.current = id;
      return;
    }
    case 'restore': {
      const id = pick(step.pick);
      if (id === undefined) return;
      await store.restore(id, false);
      model.present = (model.snapshots.get(id)?.disks ?? []).map((disk) => disk.slice());
      model.current = id;
      model.kept = undefined;
      return;
    }
    case 'keep': {
      if (model.kept) return;
      await store.keep();
      model.kept = { disks: model.copyPresent(), current: model.current };
      return;
    }
    case 'discard': {
      expect(await store.discard()).toBe(model.kept !== undefined);
      if (!model.kept) return;
      model.present = model.kept.disks.map((disk) => disk.slice());
      model.current = model.kept.current;
      model.kept = undefined;
      return;
    }
    case 'delete':
    case 'deleteBranch': {
      if (ids.length === 0) return;
      const chosen =
        step.kind === 'delete'
          ? step.picks.map((number) => pick(number) ?? '')
          : branchOf(model.items(), pick(step.pick) ?? '').map(({ id }) => id);
      await store.delete(await store.planDelete([...new Set(chosen)], false));
      model.delete(new Set(chosen));
    }
  }
}

async function compare(store: SnapshotStore, model: Model): Promise<void> {
  const same = async (paths: { path: string }[], disks: Uint8Array[]): Promise<void> => {
    for (const [index, { path }] of paths.entries()) {
      const found = await contentsOf(join(store.folder, path));
      expect(Buffer.compare(found, disks[index] ?? new Uint8Array())).toBe(0);
    }
  };
  const config = await store.config();
  expect(config.snapshot ?? null).toBe(model.current);
  await same(config.disks, model.present);
  expect(config.kept !== undefined).toBe(model.kept !== undefined);
  const keptPath = (id: string): string => config.kept?.paths[id] ?? '';
  if (model.kept) {
    expect(config.kept?.snapshot).toBe(model.kept.current);
    await same(
      config.disks.map(({ id }) => ({ path: keptPath(id) })),
      model.kept.disks,
    );
  }
  const records = await store.records();
  expect(records.map(({ id }) => id).sort()).toEqual([...model.snapshots.keys()].sort());
  for (const record of records) {
    const wanted = model.snapshots.get(record.id);
    expect(record.parent).toBe(wanted?.parent);
    await same(record.config.disks, wanted?.disks ?? []);
  }
}

describe('random trees of snapshots', () => {
  it('hold what was written, whatever is taken, restored and deleted', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 30 }), async (steps) => {
        const home = join(folder, String(run++));
        await machineFolder(home, 2);
        const store = new SnapshotStore(home, hostSnapshotFiles());
        const model = new Model();
        for (const step of steps) {
          await apply(store, model, step);
          expect(await complaintsAbout(home, false)).toEqual([]);
        }
        await compare(store, model);
        expect(await complaintsAbout(home)).toEqual([]);
        await rm(home, { recursive: true });
      }),
      { numRuns: 25, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
    );
  });
});
