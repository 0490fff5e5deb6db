import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDisk } from '../open-disk';
import { checkQcow2 } from './check';
import { createQcow2 } from './create';

let folder: string;
let image: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-check-'));
  image = join(folder, 'image.qcow2');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const clusterSize = 4096;

async function makeImage(): Promise<void> {
  await createQcow2(image, { virtualSize: 400_000, clusterSize });
  const disk = await openDisk(image, { readOnly: false });
  for (let index = 0; index < 10; index++)
    await disk.write(index * 30_000, new Uint8Array(9000).fill(index + 1));
  await disk.close();
}

/** Changes 64 bits of the image at a place that is found in it. */
async function damage(find: (view: DataView) => number, change: (value: bigint) => bigint): Promise<void> {
  const bytes = new Uint8Array(await readFile(image));
  const view = new DataView(bytes.buffer);
  const at = find(view);
  view.setBigUint64(at, change(view.getBigUint64(at)));
  await writeFile(image, bytes);
}

const placeMask = 0x00fffffffffffe00n;
const l1Offset = (view: DataView): number => Number(view.getBigUint64(40));
const l2Offset = (view: DataView): number => Number(view.getBigUint64(l1Offset(view)) & placeMask);
const refcountBlock = (view: DataView): number =>
  Number(view.getBigUint64(Number(view.getBigUint64(48))) & placeMask);

describe('checking a qcow2 image', () => {
  it('finds nothing in a good one', async () => {
    await makeImage();
    expect(await checkQcow2(image)).toMatchObject({ errors: [], errorCount: 0, leakedClusters: 0 });
  });

  it('finds a cluster that is used twice', async () => {
    await makeImage();
    const bytes = new DataView(new Uint8Array(await readFile(image)).buffer);
    const first = bytes.getBigUint64(l2Offset(bytes));
    await damage(
      (view) => l2Offset(view) + 8,
      () => first,
    );
    const { errors, leakedClusters } = await checkQcow2(image);
    expect(errors.join('\n')).toMatch(/used already/);
    expect(leakedClusters).toBe(1);
  });

  it('finds what lies behind the end of the file, and entries that cannot be', async () => {
    await makeImage();
    await damage(l2Offset, () => (1n << 63n) | BigInt(clusterSize * 100_000));
    expect((await checkQcow2(image)).errors[0]).toMatch(/behind the end/);
    await damage(l2Offset, () => 0x3f00000000000000n);
    expect((await checkQcow2(image)).errors[0]).toMatch(/impossible bits/);
  });

  it('finds counts that are too low and those that are too high', async () => {
    await makeImage();
    // Four counts of 16 bits: the header's, and those of three more clusters.
    await damage(refcountBlock, (counts) => (counts & 0x0000ffffffffffffn) | 0n);
    expect((await checkQcow2(image)).errors[0]).toMatch(/cluster 0 is used 1 times, but counted 0 times/);
    await makeFresh();
    const { clusters } = await checkQcow2(image);
    const bytes = new Uint8Array(await readFile(image));
    const view = new DataView(bytes.buffer);
    const longer = new Uint8Array(bytes.length + clusterSize);
    longer.set(bytes);
    new DataView(longer.buffer).setUint16(refcountBlock(view) + clusters * 2, 1);
    await writeFile(image, longer);
    expect(await checkQcow2(image)).toMatchObject({ errorCount: 0, leakedClusters: 1 });
  });

  it('refuses an image that somebody writes to', async () => {
    await makeImage();
    const disk = await openDisk(image, { readOnly: false });
    await expect(checkQcow2(image)).rejects.toMatchObject({ code: 'disk.in-use' });
    await disk.close();
  });
});

async function makeFresh(): Promise<void> {
  await rm(image);
  await makeImage();
}
