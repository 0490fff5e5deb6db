import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOverlay } from '../../src/main/disks/chain/chain';
import { mergeImages } from '../../src/main/disks/chain/merge';
import { copyFileChecked } from '../../src/main/disks/copy-file';
import { exportDisk } from '../../src/main/disks/export';
import { growDisk } from '../../src/main/disks/grow';
import { openDisk } from '../../src/main/disks/open-disk';
import { checkQcow2 } from '../../src/main/disks/qcow2/check';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { checkImage, hasQemuImg, qemuImg, sameContents } from '../helpers/qemu-img';
import { contentsOf } from '../helpers/snapshots';

/** Chains of images as they come: whatever is made of them has the same contents, here and for QEMU's own tool. */

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-chains-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const size = 1_200_640;

const writes = fc.array(
  fc.record({
    offset: fc.nat(size - 1),
    length: fc.integer({ min: 1, max: 200_000 }),
    // Zeros are what goes wrong: they must hide what is below.
    byte: fc.constantFrom(0, 1, 2, 255),
  }),
  { maxLength: 5 },
);
const layers = fc.array(writes, { minLength: 1, maxLength: 4 });
const clusterSizes = fc.constantFrom(512, 4096, 65536, 2 ** 20);

/** Makes a chain, the base first; @returns the top and what it must hold. */
async function makeChain(
  plan: readonly (typeof writes extends fc.Arbitrary<infer T> ? T : never)[],
  clusterSize: number,
): Promise<{ top: string; expected: Uint8Array; names: string[] }> {
  await rm(folder, { recursive: true, force: true });
  folder = await mkdtemp(join(tmpdir(), 'vivarium-chains-'));
  const expected = new Uint8Array(size);
  const names: string[] = [];
  for (const [index, layer] of plan.entries()) {
    const name = `layer${index}.qcow2`;
    const below = names.at(-1);
    if (below === undefined) await createQcow2(at(name), { virtualSize: size, clusterSize });
    else await createOverlay(at(name), at(below));
    names.push(name);
    const disk = await openDisk(at(name), { readOnly: false });
    for (const { offset, length, byte } of layer) {
      const data = new Uint8Array(Math.min(length, size - offset)).fill(byte);
      await disk.write(offset, data);
      expected.set(data, offset);
    }
    await disk.close();
  }
  return { top: at(names.at(-1) ?? ''), expected, names };
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

describe('whatever a chain consists of', () => {
  it('an export of it, a copy of its files, and each image without what it does not need are equal', async () => {
    await fc.assert(
      fc.asyncProperty(layers, clusterSizes, async (plan, clusterSize) => {
        const { top, expected, names } = await makeChain(plan, clusterSize);
        expect(same(await contentsOf(top), expected)).toBe(true);
        await exportDisk({ source: top, target: at('out.img'), format: 'raw', from: 'library' });
        await exportDisk({ source: top, target: at('out.qcow2'), format: 'qcow2', from: 'library' });
        expect(same(await readFile(at('out.img')), expected)).toBe(true);
        expect(same(await contentsOf(at('out.qcow2')), expected)).toBe(true);
        expect(await checkQcow2(at('out.qcow2'))).toMatchObject({ errorCount: 0, leakedClusters: 0 });
        // What is compacted in the middle of the chain changes nothing for what is above.
        for (const [index, name] of names.entries()) {
          const below = names[index - 1];
          await mergeImages({
            layers: [at(name)],
            below: below === undefined ? null : at(below),
            target: at('m.qcow2'),
          });
          await rm(at(name));
          await copyFileChecked(at('m.qcow2'), at(name));
          await rm(at('m.qcow2'));
          expect(same(await contentsOf(top), expected)).toBe(true);
        }
        if (!hasQemuImg) return;
        expect(await sameContents(top, 'qcow2', at('out.img'), 'raw')).toBe(true);
        expect(await checkImage(at('out.qcow2'))).toBe('');
        expect(await checkImage(top)).toBe('');
      }),
      { numRuns: 25 },
    );
  });

  it('growing it adds zeros', async () => {
    await fc.assert(
      fc.asyncProperty(layers, fc.integer({ min: 1, max: 5000 }), async (plan, sectors) => {
        const { top, expected } = await makeChain(plan, 65536);
        await growDisk(top, 'qcow2', size + sectors * 512);
        const now = await contentsOf(top);
        expect(now.length).toBe(size + sectors * 512);
        expect(same(now.subarray(0, size), expected)).toBe(true);
        expect(now.subarray(size).every((byte) => byte === 0)).toBe(true);
        await expect(growDisk(top, 'qcow2', size)).rejects.toMatchObject({ code: 'input.invalid' });
      }),
      { numRuns: 15 },
    );
  });
});

describe.runIf(hasQemuImg)('the check of an image', () => {
  interface Said {
    corruptions?: number;
    leaks?: number;
    'check-errors'?: number;
  }
  const qemuSays = async (path: string): Promise<Said> => {
    const text = await qemuImg('check', '-f', 'qcow2', '--output=json', path).catch(
      (error: { stdout?: string }) => error.stdout ?? '{}',
    );
    return JSON.parse(text || '{}') as Said;
  };

  it('finds errors where QEMU’s does, and as many lost clusters', async () => {
    const damage = fc.record({
      what: fc.constantFrom('refcount', 'l2', 'l1'),
      entry: fc.nat(15),
      value: fc.oneof(fc.bigInt({ min: 0n, max: 3n }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })),
    });
    await fc.assert(
      fc.asyncProperty(writes, damage, async (plan, { what, entry, value }) => {
        const { top } = await makeChain([plan], 4096);
        const bytes = await readFile(top);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        const l1 = Number(view.getBigUint64(40));
        const mask = 0x00fffffffffffe00n;
        const places = {
          refcount: Number(view.getBigUint64(Number(view.getBigUint64(48)))),
          l2: Number(view.getBigUint64(l1) & mask),
          l1,
        };
        if (places[what] === 0) return;
        view.setBigUint64(places[what] + entry * 8, value);
        await writeFile(top, bytes);
        const mine = await checkQcow2(top);
        const qemu = await qemuSays(top);
        const errors = (qemu.corruptions ?? 0) + (qemu['check-errors'] ?? 0);
        expect({ basename: basename(top), errors: mine.errorCount > 0 }).toEqual({
          basename: basename(top),
          errors: errors > 0,
        });
        if (errors === 0) expect(mine.leakedClusters).toBe(qemu.leaks ?? 0);
      }),
      { numRuns: 60 },
    );
  });
});
