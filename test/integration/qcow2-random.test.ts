import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { openQcow2, openQcow2File } from '../../src/main/disks/qcow2/open';
import type { Qcow2Disk } from '../../src/main/disks/qcow2/qcow2-disk';
import { MemoryFile } from '../../src/main/disks/testing/memory-file';
import { Failure } from '../../src/shared/errors';
import { checkImage, hasQemuImg, hasQemuIo, qemuImg, qemuIo, sameContents } from '../helpers/qemu-img';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qcow2-random-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Operation =
  | { do: 'write'; at: number; length: number; fill: number }
  | { do: 'read'; at: number; length: number }
  | { do: 'discard'; at: number; length: number }
  | { do: 'flush' }
  | { do: 'reopen' }
  | { do: 'grow'; by: number }
  | { do: 'shrink'; keep: number };

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const length = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 300_000 }));
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      at: fraction,
      length,
      fill: fc.integer({ min: 0, max: 255 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('read' as const), at: fraction, length }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('discard' as const), at: fraction, length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('grow' as const), by: fc.integer({ min: 1, max: 2_000_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('shrink' as const), keep: fraction }) },
);

/** Bytes that differ at every position, so that misplaced data is seen. */
function pattern(length: number, fill: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (fill === 0 ? 0 : (i * 31 + (i >> 8) * 7 + fill) & 255));
}

/** What a discard leaves: whole clusters are zeros, and so is the last one if the part reaches the disk's end. */
function discardFrom(model: Uint8Array, at: number, count: number, clusterSize: number): void {
  const end = at + count === model.length ? model.length : at + count - ((at + count) % clusterSize);
  const from = Math.ceil(at / clusterSize) * clusterSize;
  if (from < end) model.fill(0, from, end);
}

/** Runs operations on an image and on an array, and compares what can be compared on the way. */
async function runOnBoth(
  open: () => Promise<Qcow2Disk>,
  clusterSize: number,
  model: Uint8Array,
  operations: Operation[],
  persist: (action: () => Promise<void>) => Promise<void> = (action) => action(),
): Promise<Uint8Array> {
  let disk = await open();
  try {
    for (const op of operations) {
      if (op.do === 'write' || op.do === 'read') {
        const at = Math.floor(op.at * (model.length - 1));
        const count = Math.min(op.length, model.length - at);
        if (op.do === 'write') {
          const data = pattern(count, op.fill);
          await persist(() => disk.write(at, data));
          model.set(data, at);
        } else {
          expect(Buffer.compare(await disk.read(at, count), model.subarray(at, at + count))).toBe(0);
        }
      } else if (op.do === 'discard') {
        const at = Math.floor(op.at * (model.length - 1));
        const count = Math.min(op.length, model.length - at);
        await persist(() => disk.discard(at, count));
        discardFrom(model, at, count, clusterSize);
      } else if (op.do === 'flush') {
        await persist(() => disk.flush());
      } else if (op.do === 'reopen') {
        await disk.close();
        disk = await open();
      } else if (op.do === 'shrink') {
        const used = model.findLastIndex((byte) => byte !== 0) + 1;
        const size = Math.ceil(Math.max(1, used + op.keep * (model.length - used)) / 512) * 512;
        if (size === model.length) continue;
        await persist(async () => (disk.size > size ? disk.shrink(size) : disk.flush()));
        model = model.slice(0, disk.size);
      } else {
        const { length } = model;
        await persist(() => disk.grow(length + op.by));
        const longer = new Uint8Array(disk.size);
        longer.set(model);
        model = longer;
      }
    }
  } finally {
    await disk.close();
  }
  return model;
}

async function judge(path: string, model: Uint8Array): Promise<void> {
  const raw = join(folder, 'model.raw');
  await writeFile(raw, model);
  expect(await checkImage(path)).toBe('');
  expect(await sameContents(path, 'qcow2', raw, 'raw')).toBe(true);
}

const clusterSizes = [512, 4096, 65536, 2 ** 21];

describe.skipIf(!hasQemuImg)('qcow2 images after random operations, judged by qemu-img', () => {
  it.each(clusterSizes)('are sound with clusters of %i bytes', async (clusterSize) => {
    const path = join(folder, 'disk.qcow2');
    const images = fc.record({
      size: fc.integer({ min: 512, max: 3_000_000 }),
      operations: fc.array(operation, { maxLength: 25 }),
    });
    await fc.assert(
      fc.asyncProperty(images, async ({ size, operations }) => {
        await rm(path, { force: true });
        await createQcow2(path, { virtualSize: size, clusterSize });
        const model = new Uint8Array(Math.ceil(size / 512) * 512);
        await judge(
          path,
          await runOnBoth(() => openQcow2(path, { readOnly: false }), clusterSize, model, operations),
        );
      }),
      { numRuns: 12, seed: 1 },
    );
  });

  it.each(['raw', 'qcow2'] as const)('are sound when based on a %s image', async (backingFormat) => {
    const path = join(folder, 'overlay.qcow2');
    const images = fc.record({
      baseSize: fc.integer({ min: 1, max: 3000 }),
      size: fc.integer({ min: 512, max: 1_500_000 }),
      operations: fc.array(operation, { maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(images, async ({ baseSize, size, operations }) => {
        const base = pattern(baseSize * 512, 77);
        await writeFile(join(folder, 'base.raw'), base);
        await rm(path, { force: true });
        await rm(join(folder, 'base.qcow2'), { force: true });
        await qemuImg(
          'convert',
          '-f',
          'raw',
          '-O',
          'qcow2',
          join(folder, 'base.raw'),
          join(folder, 'base.qcow2'),
        );
        await createQcow2(path, { virtualSize: size, backingFile: `base.${backingFormat}`, backingFormat });
        const model = new Uint8Array(Math.ceil(size / 512) * 512);
        model.set(base.subarray(0, model.length));
        await judge(
          path,
          await runOnBoth(() => openQcow2(path, { readOnly: false }), 65536, model, operations),
        );
      }),
      { numRuns: 12, seed: 2 },
    );
  });

  it.each([
    ['version 3', 512, ['-o', 'cluster_size=512']],
    ['version 2', 1024, ['-o', 'compat=0.10,cluster_size=1k']],
    ['big clusters', 65536, []],
  ] as const)('are sound when the host was full now and then (%s)', async (_, clusterSize, options) => {
    const path = join(folder, 'disk.qcow2');
    const images = fc.record({
      operations: fc.array(operation, { maxLength: 25 }),
      failures: fc.array(fc.boolean(), { minLength: 5, maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(images, async ({ operations, failures }) => {
        await qemuImg('create', '-f', 'qcow2', ...options, path, '500k');
        const contents = new Uint8Array(await readFile(path));
        const file = new MemoryFile(contents);
        const full = new Failure('file.no-space', 'No space is left');
        let changes = 0;
        const sometimesFull = (entry: { kind: string }): Failure | undefined =>
          entry.kind !== 'sync' && failures[changes++ % failures.length] ? full : undefined;
        const persist = async (action: () => Promise<void>): Promise<void> => {
          file.fault = sometimesFull;
          for (let attempt = 0; attempt < 4; attempt++) {
            const failed = await action().then(
              () => false,
              (error: unknown) => {
                if (error !== full) throw error;
                return true;
              },
            );
            if (!failed) break;
            if (attempt === 2) file.fault = undefined;
          }
          file.fault = undefined;
        };
        const open = (): Promise<Qcow2Disk> => openQcow2File(file, { readOnly: false });
        const model = await runOnBoth(open, clusterSize, new Uint8Array(500 * 1024), operations, persist);
        await writeFile(path, file.contents);
        await judge(path, model);
      }),
      { numRuns: 15, seed: 6 },
    );
  });
});

/** Sectors of an image that qemu-io gets the same operations for. */
const mirroredSectors = 1001;
const mirrored = fc.array(
  fc.record({
    do: fc.constantFrom('write' as const, 'discard' as const),
    at: fc.nat(mirroredSectors - 1),
    count: fc.integer({ min: 1, max: 300 }),
    fill: fc.integer({ min: 1, max: 255 }),
  }),
  { minLength: 5, maxLength: 30 },
);

describe.skipIf(!hasQemuIo)('discarding as QEMU does', () => {
  it.each([
    ['version 3', 'cluster_size=4k', false],
    ['version 3, based on another image', 'cluster_size=2k', true],
    ['version 2', 'compat=0.10,cluster_size=1k', false],
    ['version 2, based on another image', 'compat=0.10,cluster_size=1k', true],
  ] as const)('leaves the same contents (%s)', async (_, options, based) => {
    const [ours, theirs] = [join(folder, 'ours.qcow2'), join(folder, 'theirs.qcow2')];
    // Shorter than the disk, and its end is in the middle of a cluster.
    await writeFile(join(folder, 'base.raw'), pattern(333 * 512, 9));
    const below = based ? ['-b', 'base.raw', '-F', 'raw'] : [];
    const size = String(mirroredSectors * 512);
    await fc.assert(
      fc.asyncProperty(mirrored, async (operations) => {
        for (const path of [ours, theirs]) {
          await rm(path, { force: true });
          await qemuImg('create', '-f', 'qcow2', '-o', options, ...below, path, size);
        }
        const disk = await openQcow2(ours, { readOnly: false });
        const commands: string[] = [];
        for (const { do: what, at, count, fill } of operations) {
          const [offset, length] = [at * 512, Math.min(count, mirroredSectors - at) * 512];
          commands.push(`${what} ${what === 'write' ? `-P ${fill} ` : ''}${offset} ${length}`);
          if (what === 'write') await disk.write(offset, new Uint8Array(length).fill(fill));
          else await disk.discard(offset, length);
        }
        await disk.close();
        await qemuIo(theirs, commands, ['-f', 'qcow2', '-d', 'unmap']);
        expect(await checkImage(ours)).toBe('');
        expect(await sameContents(ours, 'qcow2', theirs, 'qcow2')).toBe(true);
      }),
      { numRuns: 8, seed: 9 },
    );
  });
});
