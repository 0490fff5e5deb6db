import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openQcow2File } from '../../src/main/disks/qcow2/open';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { applyEntry, MemoryFile, type LogEntry } from '../../src/main/disks/testing/memory-file';
import { checkImage, hasQemuImg, qemuImg } from '../helpers/qemu-img';

/**
 * A crash may come between any two writes, or in the middle of one; and of what was written since the last
 * barrier the disk may have kept any part. Whatever is left, each sector must hold what it held at the last flush
 * or something written to it since.
 */

const sector = 512;
const diskSectors = 160;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qcow2-crash-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Operation =
  | { do: 'write'; at: number; count: number }
  | { do: 'discard'; at: number; count: number }
  | { do: 'flush' }
  | { do: 'grow'; by: number }
  | { do: 'shrink'; by: number }
  | { do: 'reopen' };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      at: fc.nat(diskSectors - 1),
      count: fc.integer({ min: 1, max: 24 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('discard' as const),
      at: fc.nat(diskSectors - 1),
      count: fc.integer({ min: 1, max: 48 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('grow' as const), by: fc.integer({ min: 1, max: 200 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('shrink' as const), by: fc.integer({ min: 1, max: 200 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
);

/** What may be found in the image if the log is cut somewhere before `logEnd`. */
interface Moment {
  logEnd: number;
  /** For each sector, the numbers (first byte of the sector) that it may hold. */
  allowed: Set<number>[];
  sizes: Set<number>;
}

interface Recording {
  initial: Uint8Array;
  log: LogEntry[];
  moments: Moment[];
}

/** A sector that says which write it comes from. */
function stamped(count: number, stamp: number): Uint8Array {
  return new Uint8Array(count * sector).fill(stamp);
}

/** The sectors of the clusters that are whole within a part of the disk: from, to (not included). */
function wholeClusters(at: number, count: number, disk: number, cluster: number): [number, number] {
  const end = at + count === disk ? disk : Math.floor((at + count) / cluster) * cluster;
  return [Math.ceil(at / cluster) * cluster, end];
}

async function record(initial: Uint8Array, baseStamp: number, operations: Operation[]): Promise<Recording> {
  const file = new MemoryFile(initial.slice());
  const log = file.log;
  let disk = await openQcow2File(file, { readOnly: false });
  const allowed = Array.from({ length: diskSectors }, () => new Set([baseStamp]));
  let sizes = new Set([disk.size]);
  // The header has it as a power of two.
  const clusterSectors = 2 ** (initial[23] ?? 0) / sector;
  const moments: Moment[] = [];
  const remember = (): void => {
    moments.push({ logEnd: log.length, allowed: allowed.map((set) => new Set(set)), sizes: new Set(sizes) });
  };
  const latest = new Map<number, number>();
  const settle = (): void => {
    for (const [index, stamp] of latest) allowed[index] = new Set([stamp]);
    sizes = new Set([disk.size]);
  };
  let stamp = baseStamp;
  for (const op of operations) {
    if (op.do === 'write') {
      stamp = (stamp % 250) + 1;
      const count = Math.min(op.count, diskSectors - op.at);
      for (let i = op.at; i < op.at + count; i++) {
        allowed[i]?.add(stamp);
        latest.set(i, stamp);
      }
      await disk.write(op.at * sector, stamped(count, stamp));
    } else if (op.do === 'discard') {
      const count = Math.min(op.count, diskSectors - op.at);
      const [from, to] = wholeClusters(op.at, count, disk.size / sector, clusterSectors);
      for (let i = from; i < to; i++) {
        allowed[i]?.add(0);
        latest.set(i, 0);
      }
      await disk.discard(op.at * sector, count * sector);
    } else if (op.do === 'flush') {
      await disk.flush();
    } else if (op.do === 'grow') {
      sizes.add(disk.size + op.by * sector);
      await disk.grow(disk.size + op.by * sector);
    } else if (op.do === 'shrink') {
      // Only what was added is cut: nothing was ever written there.
      const size = Math.max(diskSectors * sector, disk.size - op.by * sector);
      if (size === disk.size) continue;
      sizes.add(size);
      await disk.shrink(size);
    } else {
      await disk.close();
      disk = await openQcow2File(file, { readOnly: false });
    }
    // While the operation ran, old and new were both right; from here on what it promised is.
    remember();
    if (op.do !== 'write' && op.do !== 'discard') settle();
  }
  await disk.close();
  remember();
  return { initial, log, moments };
}

/** The part of a change that a crash in the middle of it leaves. */
function firstSectors(entry: LogEntry, share: number): LogEntry {
  if (entry.kind !== 'write') return entry;
  const length = Math.floor((entry.data.length / sector) * share) * sector;
  return { ...entry, data: entry.data.subarray(0, length) };
}

/** Contents after a cut at which all writes had reached the disk in order, and part of the next one. */
function cutInOrder({ initial, log }: Recording, cut: number, share: number): Uint8Array {
  const entries = log.slice(0, cut);
  const next = log[cut];
  if (next?.kind === 'write') entries.push(firstSectors(next, share));
  return entries.reduce(applyEntry, initial.slice());
}

/** Contents after a cut at which the disk kept any part of what it had been given since the last barrier. */
function cutAtRandom({ initial, log }: Recording, cut: number, random: () => number): Uint8Array {
  const lastSync = log.slice(0, cut).findLastIndex(({ kind }) => kind === 'sync');
  let contents = log.slice(0, lastSync + 1).reduce(applyEntry, initial.slice());
  const loose: LogEntry[] = [];
  for (const entry of log.slice(lastSync + 1, cut)) {
    if (entry.kind !== 'write') loose.push(entry);
    else loose.push(...splitIntoSectors(entry));
  }
  const kept = loose.filter(() => random() < 0.6);
  if (random() < 0.5) kept.reverse();
  for (const entry of kept) {
    // The length that a file system keeps covers all data that it keeps.
    if (entry.kind === 'truncate' && entry.size < contents.length) continue;
    contents = applyEntry(contents, entry);
  }
  return contents;
}

function splitIntoSectors(entry: Extract<LogEntry, { kind: 'write' }>): LogEntry[] {
  const parts: LogEntry[] = [];
  for (let done = 0; done < entry.data.length;) {
    const length = Math.min(sector - ((entry.position + done) % sector), entry.data.length - done);
    parts.push({
      kind: 'write',
      position: entry.position + done,
      data: entry.data.subarray(done, done + length),
    });
    done += length;
  }
  return parts;
}

async function verify(image: Uint8Array, moment: Moment): Promise<Uint8Array> {
  const file = new MemoryFile(image.slice());
  const before = await openQcow2File(new MemoryFile(image.slice(), true), { readOnly: true });
  const disk = await openQcow2File(file, { readOnly: false });
  expect(moment.sizes).toContain(disk.size);
  const data = await disk.read(0, diskSectors * sector);
  expect(Buffer.compare(await before.read(0, diskSectors * sector), data)).toBe(0);
  for (let index = 0; index < diskSectors; index++) {
    const contents = data.subarray(index * sector, (index + 1) * sector);
    const stamp = contents[0] ?? -1;
    if (!moment.allowed[index]?.has(stamp) || contents.some((byte) => byte !== stamp)) {
      throw new Error(
        `sector ${index} holds ${stamp}, not one of ${[...(moment.allowed[index] ?? [])].join()}`,
      );
    }
  }
  // Writing on after the crash must not damage what was there.
  await disk.write(7 * sector, stamped(1, 251));
  await disk.close();
  return file.contents;
}

async function verifyAllCuts(recording: Recording, random: () => number, judge: Judge): Promise<void> {
  for (let cut = 0; cut <= recording.log.length; cut++) {
    const moment = recording.moments.find(({ logEnd }) => cut < logEnd) ?? recording.moments.at(-1);
    if (moment === undefined) return;
    const images = [cutInOrder(recording, cut, 0), cutInOrder(recording, cut, random())];
    for (let i = 0; i < 3; i++) images.push(cutAtRandom(recording, cut, random));
    for (const image of images) {
      const repaired = await verify(image, moment);
      if (random() < judge.share) await judge.check(image, repaired);
    }
  }
}

interface Judge {
  /** The part of the images that qemu-img looks at, since each look takes a while. */
  share: number;
  check(crashed: Uint8Array, repaired: Uint8Array): Promise<void>;
}

/** Numbers from 0 to 1 that are the same in every run (a linear congruential generator). */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
}

async function checkBytes(image: Uint8Array): Promise<string> {
  const path = join(folder, 'judged.qcow2');
  await writeFile(path, image);
  return checkImage(path);
}

const judge = (exactCounts: boolean): Judge => ({
  share: hasQemuImg ? 0.02 : 0,
  async check(crashed, repaired) {
    if (!exactCounts) return expect(await checkBytes(repaired)).toBe('');
    // Without a dirty bit an image may have lost clusters after a crash, but nothing worse.
    for (const image of [crashed, repaired])
      expect(await checkBytes(image)).not.toMatch(/ERROR|errors were found/);
  },
});

const workload = fc.record({
  operations: fc.array(operation, { minLength: 4, maxLength: 14 }),
  seed: fc.nat(),
});

describe('a crash at any moment', () => {
  it.each([512, 1024, 4096])('leaves old or new contents (clusters of %i bytes)', async (clusterSize) => {
    const path = join(folder, 'new.qcow2');
    await createQcow2(path, { virtualSize: diskSectors * sector, clusterSize });
    const initial = new Uint8Array(await readFile(path));
    await fc.assert(
      fc.asyncProperty(workload, async ({ operations, seed }) => {
        await verifyAllCuts(await record(initial, 0, operations), pseudoRandom(seed), judge(false));
      }),
      { numRuns: 8, seed: 3 },
    );
  });

  it.skipIf(!hasQemuImg).each([
    ['version 2', 0, ['-o', 'compat=0.10,cluster_size=1k'], true],
    ['version 2, small clusters', 0, ['-o', 'compat=0.10,cluster_size=512'], true],
    ['counts of one bit', 0, ['-o', 'refcount_bits=1,cluster_size=512'], false],
    ['counts of 64 bits', 99, ['-o', 'refcount_bits=64,cluster_size=512'], false],
    ['compressed', 99, ['-c', '-o', 'cluster_size=4k'], false],
    ['compressed, version 2', 99, ['-c', '-o', 'compat=0.10,cluster_size=2k'], true],
  ] as const)(
    'leaves old or new contents of an image of QEMU (%s)',
    async (_, stamp, options, exactCounts) => {
      const raw = join(folder, 'old.raw');
      const path = join(folder, 'old.qcow2');
      await writeFile(raw, stamped(diskSectors, stamp));
      await qemuImg('convert', '-f', 'raw', '-O', 'qcow2', ...options, raw, path);
      const initial = new Uint8Array(await readFile(path));
      await fc.assert(
        fc.asyncProperty(workload, async ({ operations, seed }) => {
          await verifyAllCuts(
            await record(initial, stamp, operations),
            pseudoRandom(seed),
            judge(exactCounts),
          );
        }),
        { numRuns: 5, seed: 4 },
      );
    },
  );
});
