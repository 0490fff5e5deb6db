import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { backingOf } from '../chain/chain';
import { applyEntry, type LogEntry, MemoryFile } from '../testing/memory-file';
import { createQcow2 } from './create';
import { readHeader } from './header';
import { openQcow2, openQcow2File } from './open';
import type { Qcow2Disk } from './qcow2-disk';

/** Images are taken over by the one above them while that is in use: a guest never finds another byte than before. */

const sector = 512;
const sectors = 200;
const size = sectors * sector;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qcow2-pull-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** One change of a disk, in sectors. Zeros are written to what of it is whole clusters. */
interface Change {
  do: 'write' | 'zeros' | 'discard';
  at: number;
  count: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  do: fc.constantFrom('write' as const, 'write' as const, 'zeros' as const, 'discard' as const),
  at: fc.nat(sectors - 1),
  count: fc.integer({ min: 1, max: 40 }),
});
const changes = fc.array(change, { minLength: 1, maxLength: 6 });
const clusterSize = fc.constantFrom(512, 1024, 4096, 65536);
const image = fc.record({ clusterSize, sectors: fc.integer({ min: 1, max: sectors }), changes });
const chains = fc.record({
  /** What stays below; null: nothing. */
  base: fc.oneof(
    fc.constant(null),
    fc.record({ format: fc.constantFrom('raw' as const, 'qcow2' as const), image }),
  ),
  layers: fc.array(image, { minLength: 1, maxLength: 3 }),
  top: image,
  /** What the guest does meanwhile. */
  guest: fc.array(change, { maxLength: 12 }),
});
type Chains = typeof chains extends fc.Arbitrary<infer T> ? T : never;

let stamp = 0;
/** What is written next: no two writes say the same. */
function nextStamp(): number {
  stamp = (stamp % 250) + 1;
  return stamp;
}

/** Does it to a disk and to what is expected of it; the sectors that it changes, and their new value. */
async function apply(
  disk: Qcow2Disk,
  cluster: number,
  { do: what, at, count }: Change,
): Promise<{ from: number; to: number; value: number }> {
  const from = Math.min(at, disk.size / sector - 1) * sector;
  const to = Math.min(from + count * sector, disk.size);
  if (what === 'write') {
    const value = nextStamp();
    await disk.write(from, new Uint8Array(to - from).fill(value));
    return { from, to, value };
  }
  const first = Math.ceil(from / cluster) * cluster;
  const last = to === disk.size ? to : Math.floor(to / cluster) * cluster;
  if (last <= first) return { from, to: from, value: 0 };
  if (what === 'zeros') await disk.writeZeros(first, last - first);
  else await disk.discard(first, last - first);
  return { from: first, to: last, value: 0 };
}

interface Chain {
  expected: Uint8Array;
  top: Uint8Array<ArrayBuffer>;
  topPath: string;
  topCluster: number;
  base: string | null;
  between: string[];
}

let turn = 0;

/** A chain of images, and what a guest has to find in the one on top. */
async function build({ base, layers, top }: Chains): Promise<Chain> {
  turn++;
  const expected = new Uint8Array(size);
  let below: string | undefined;
  const add = async (name: string, { clusterSize: cluster, changes: list, ...image }: Chains['top']) => {
    const virtualSize = (name.startsWith('top') ? sectors : image.sectors) * sector;
    const format = below?.endsWith('.raw') ? 'raw' : 'qcow2';
    const backing = below === undefined ? {} : { backingFile: below, backingFormat: format as 'raw' };
    const path = join(folder, name);
    await createQcow2(path, { virtualSize, clusterSize: cluster, ...backing });
    const disk = await openQcow2(path, { readOnly: false });
    expected.fill(0, virtualSize);
    for (const one of list) {
      const { from, to, value } = await apply(disk, cluster, one);
      expected.fill(value, from, to);
    }
    await disk.close();
    below = name;
  };
  if (base?.format === 'raw') {
    const data = new Uint8Array(base.image.sectors * sector).fill(nextStamp());
    below = `base${turn}.raw`;
    await writeFile(join(folder, below), data);
    expected.set(data);
  } else if (base) {
    await add(`base${turn}.qcow2`, base.image);
  }
  const baseName = below ?? null;
  const between: string[] = [];
  for (const [index, layer] of layers.entries()) {
    between.push(`layer${turn}-${index}.qcow2`);
    await add(`layer${turn}-${index}.qcow2`, layer);
  }
  await add(`top${turn}.qcow2`, top);
  const topPath = join(folder, `top${turn}.qcow2`);
  return {
    expected,
    top: new Uint8Array(await readFile(topPath)),
    topPath,
    topCluster: top.clusterSize,
    base: baseName,
    between,
  };
}

async function remove({ topPath, base, between }: Chain): Promise<void> {
  for (const name of [...between, ...(base === null ? [] : [base])])
    await rm(join(folder, name), { force: true });
  await rm(topPath, { force: true });
}

async function contents(file: MemoryFile): Promise<Uint8Array> {
  const disk = await openQcow2File(file, { readOnly: true });
  try {
    return await disk.read(0, disk.size);
  } finally {
    await disk.close();
  }
}

it('takes over what is between, whatever the guest writes meanwhile, and needs nothing of it afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(chains, async (wanted) => {
      const chain = await build(wanted);
      const { expected, base, topPath, topCluster } = chain;
      const file = new MemoryFile(chain.top, false, topPath);
      const disk = await openQcow2File(file, { readOnly: false });
      const told: number[][] = [];
      const pulled = disk.pull(base, { onProgress: (...now) => told.push(now) });
      for (const one of wanted.guest) {
        const { from, to, value } = await apply(disk, topCluster, one);
        expected.fill(value, from, to);
        expect(Buffer.compare(await disk.read(0, size), expected)).toBe(0);
      }
      await pulled;
      expect(told.at(-1)?.[0]).toBe(told.at(-1)?.[1]);
      for (const name of chain.between) await rm(join(folder, name));
      expect(Buffer.compare(await disk.read(0, size), expected)).toBe(0);
      await disk.close();
      const { backingFile } = await readHeader(file);
      expect(backingFile ?? null).toBe(base);
      expect(Buffer.compare(await contents(file), expected)).toBe(0);
      await remove(chain);
    }),
    { numRuns: 60 },
  );
}, 120_000);

/** A file as a crash may leave it: what came before the last barrier is there, of the rest any part. */
function afterCrash(
  initial: Uint8Array,
  log: LogEntry[],
  cut: number,
  keep: (index: number) => boolean,
): Uint8Array {
  const synced = log.slice(0, cut).findLastIndex(({ kind }) => kind === 'sync');
  let left: Uint8Array = initial.slice();
  for (const [index, entry] of log.slice(0, cut).entries()) {
    if (index <= synced || keep(index)) left = applyEntry(left, entry);
  }
  return left;
}

it('leaves an image that reads as before, or as the guest wrote it, after a crash at any write', async () => {
  await fc.assert(
    fc.asyncProperty(chains, fc.infiniteStream(fc.boolean()), async (wanted, coin) => {
      const chain = await build(wanted);
      const file = new MemoryFile(chain.top.slice(), false, chain.topPath);
      file.immediate = true;
      const disk = await openQcow2File(file, { readOnly: false });
      /** What each sector may hold, and since which entry of the log. */
      const written: { since: number; from: number; to: number; value: number }[] = [];
      const pulled = disk.pull(chain.base);
      for (const one of wanted.guest) {
        const since = file.log.length;
        written.push({ since, ...(await apply(disk, chain.topCluster, one)) });
      }
      await pulled;
      const { log } = file;
      for (let cut = 0; cut <= log.length; cut++) {
        for (const keep of [() => true, () => false, () => coin.next().value]) {
          const left = new MemoryFile(afterCrash(chain.top, log, cut, keep), false, chain.topPath);
          left.immediate = true;
          const found = await contents(left);
          for (let at = 0; at < size; at += sector) {
            const may = new Set([chain.expected[at]]);
            for (const { since, from, to, value } of written) {
              if (since <= cut && from <= at && at < to) may.add(value);
            }
            const [value] = found.subarray(at, at + 1);
            if (!may.has(value))
              throw new Error(`After entry ${cut}, ${at} reads ${value}, not ${[...may].join()}`);
          }
        }
      }
      await disk.close();
      await remove(chain);
    }),
    { numRuns: 25 },
  );
}, 120_000);

it('changes nothing that can be read when a write fails or it is ended, and can be begun again', async () => {
  const chain = await build({
    base: { format: 'raw', image: { clusterSize: 512, sectors, changes: [] } },
    layers: [{ clusterSize: 4096, sectors, changes: [{ do: 'write', at: 3, count: 120 }] }],
    top: { clusterSize: 512, sectors, changes: [{ do: 'write', at: 20, count: 2 }] },
    guest: [],
  });
  for (let failing = 0; ; failing++) {
    const file = new MemoryFile(chain.top.slice(), false, chain.topPath);
    const disk = await openQcow2File(file, { readOnly: false });
    let calls = 0;
    file.fault = () => (calls++ === failing ? new Failure('file.no-space', 'full') : undefined);
    const failed = await disk.pull(chain.base).then(
      () => false,
      () => true,
    );
    const reached = calls > failing;
    file.fault = undefined;
    expect(failed).toBe(reached);
    expect(Buffer.compare(await disk.read(0, size), chain.expected)).toBe(0);
    await disk.close().catch(() => undefined); // refused after a failed barrier
    const again = await openQcow2File(file, { readOnly: false });
    expect(Buffer.compare(await again.read(0, size), chain.expected)).toBe(0);
    await again.pull(chain.base).catch((error: unknown) => {
      // The failure came when all but the last barrier was done.
      expect(error).toMatchObject({ code: 'cancelled' });
    });
    expect(Buffer.compare(await again.read(0, size), chain.expected)).toBe(0);
    await again.close();
    if (!reached) break;
  }
  const ended = new AbortController();
  const file = new MemoryFile(chain.top.slice(), false, chain.topPath);
  const disk = await openQcow2File(file, { readOnly: false });
  const pulled = disk.pull(chain.base, { signal: ended.signal, onProgress: () => ended.abort() });
  await expect(pulled).rejects.toMatchObject({ code: 'cancelled' });
  expect(await backingOf(chain.topPath)).toBe(join(folder, chain.between[0] ?? ''));
  expect(Buffer.compare(await disk.read(0, size), chain.expected)).toBe(0);
  await disk.close();
  await remove(chain);
});

it('goes on for ever: the names of what is below take turns in the header', async () => {
  const create = (name: string, below?: string): Promise<void> =>
    createQcow2(join(folder, name), {
      virtualSize: size,
      clusterSize: 512,
      ...(below === undefined ? {} : { backingFile: below, backingFormat: 'qcow2' }),
    });
  const names = Array.from(
    { length: 20 },
    (_, index) => `turn-${'x'.repeat((index * 7) % 40)}-${index}.qcow2`,
  );
  for (const [index, name] of names.entries()) await create(name, names[index - 1]);
  const top = join(folder, names.at(-1) ?? '');
  const disk = await openQcow2(top, { readOnly: false });
  await disk.write(0, new Uint8Array(size).fill(7));
  for (const name of names.slice(0, -2).reverse()) {
    await disk.pull(name);
    expect(await backingOf(top)).toBe(join(folder, name));
  }
  await expect(disk.pull('nowhere.qcow2')).rejects.toMatchObject({ code: 'input.invalid' });
  await disk.pull(null);
  await disk.close();
  expect(await backingOf(top)).toBeUndefined();
});
