import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildFull, buildLinked, buildWhole } from '../../src/main/clones/build';
import { hostCloneFiles } from '../../src/main/clones/files';
import type { CloneIdentity } from '../../src/main/clones/plan';
import { readSource } from '../../src/main/clones/source';
import { hostSnapshotFiles } from '../../src/main/snapshots/files';
import { SnapshotStore } from '../../src/main/snapshots/store';
import { complaintsAbout, contentsOf, diskSize, machineFolder, writeTo } from '../helpers/snapshots';

/**
 * A family of machines that share what they can: whatever is done to one of them, in any order, every other one reads
 * what it read before.
 */

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vivarium-family-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const files = hostCloneFiles();
const control = { signal: new AbortController().signal, progress: () => undefined };
const taking = {
  description: '',
  state: 'off',
  engineVersion: '1',
  createdAt: '2026-01-01T00:00:00.000Z',
} as const;

/** One machine and what its disk must hold, now and in its snapshots. */
interface Member {
  folder: string;
  present: Uint8Array;
  snapshots: Map<string, Uint8Array>;
}

const storeOf = ({ folder }: Member): SnapshotStore => new SnapshotStore(folder, hostSnapshotFiles());
const pick = <T>(items: readonly T[], number: number): T | undefined => items[number % items.length];

async function diskOf(member: Member): Promise<string> {
  const { disks } = await storeOf(member).config();
  return join(member.folder, disks[0]?.path ?? '');
}

async function take(member: Member): Promise<string> {
  const id = await storeOf(member).take({ ...taking, name: 'A snapshot' }, false);
  member.snapshots.set(id, member.present.slice());
  return id;
}

async function write(member: Member, offset: number, byte: number): Promise<void> {
  const data = new Uint8Array(Math.min(90_000, diskSize - offset)).fill(byte);
  await writeTo(await diskOf(member), offset, data);
  member.present.set(data, offset);
}

async function cloneOf(member: Member, kind: 'full' | 'linked' | 'whole', which: number): Promise<Member> {
  const folder = await mkdtemp(join(root, 'member-'));
  await mkdir(join(folder, 'disks'));
  const identity: CloneIdentity = {
    id: `clone${folder
      .slice(-6)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, 'x')}00000`,
    name: 'Clone',
    created: taking.createdAt,
    macs: new Map(),
    origin: { machine: 'abcdefgh12345678', name: 'Parent', snapshot: null, linked: kind === 'linked' },
  };
  if (kind === 'whole') {
    await buildWhole(folder, member.folder, identity, files, control);
    return { folder, present: member.present.slice(), snapshots: new Map(member.snapshots) };
  }
  if (kind === 'linked' && member.snapshots.size === 0) await take(member);
  const ids = [...member.snapshots.keys()];
  const id = kind === 'full' && which % 3 === 0 ? null : (pick(ids, which) ?? null);
  const present = (id === null ? member.present : (member.snapshots.get(id) ?? member.present)).slice();
  const source = await readSource(member.folder, id);
  if (kind === 'full') {
    await buildFull(folder, source, identity, files, control);
    return { folder, present, snapshots: new Map() };
  }
  await buildLinked(folder, source, identity, 'Base', files);
  const clone: Member = { folder, present, snapshots: new Map() };
  const [record] = await storeOf(clone).records();
  clone.snapshots.set(record?.id ?? '', present.slice());
  return clone;
}

async function check(member: Member): Promise<void> {
  expect(await complaintsAbout(member.folder, false)).toEqual([]);
  expect(Buffer.compare(await contentsOf(await diskOf(member)), member.present)).toBe(0);
  const records = await storeOf(member).records();
  expect(records.map(({ id }) => id).sort()).toEqual([...member.snapshots.keys()].sort());
  for (const { id, config } of records) {
    const found = await contentsOf(join(member.folder, config.disks[0]?.path ?? ''));
    expect(Buffer.compare(found, member.snapshots.get(id) ?? new Uint8Array())).toBe(0);
  }
}

const number = fc.nat(1000);
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('write'), who: number, which: number, byte: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('take'), who: number, which: number, byte: number }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('restore'), who: number, which: number, byte: number }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('delete'), who: number, which: number, byte: number }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('clone'), who: number, which: number, byte: number }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('erase'), who: number, which: number, byte: number }) },
);

it('whatever happens in a family of clones happens to one machine only', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 16 }), async (steps) => {
      const folder = await mkdtemp(join(root, 'first-'));
      await machineFolder(folder);
      let family: Member[] = [{ folder, present: new Uint8Array(diskSize), snapshots: new Map() }];
      for (const { do: what, who, which, byte } of steps) {
        const member = pick(family, who);
        if (!member) break;
        const snapshot = pick([...member.snapshots.keys()], which);
        const store = storeOf(member);
        if (what === 'write') await write(member, (which * 7919) % (diskSize - 1), byte);
        if (what === 'take') await take(member);
        if (what === 'clone' && family.length < 5) {
          family.push(
            await cloneOf(member, pick(['linked', 'full', 'linked', 'whole'], byte) ?? 'linked', which),
          );
        }
        if (what === 'restore' && snapshot !== undefined) {
          await store.restore(snapshot, false);
          member.present = (member.snapshots.get(snapshot) ?? member.present).slice();
        }
        if (what === 'delete' && snapshot !== undefined) {
          await store.delete(await store.planDelete([snapshot], false));
          member.snapshots.delete(snapshot);
        }
        if (what === 'erase' && family.length > 1) {
          await rm(member.folder, { recursive: true });
          family = family.filter((one) => one !== member);
        }
        for (const one of family) await check(one);
      }
      for (const one of family) expect(await complaintsAbout(one.folder)).toEqual([]);
      for (const one of family) await rm(one.folder, { recursive: true });
    }),
    { numRuns: 20 },
  );
});
