import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDisk } from '../open-disk';
import { createQcow2 } from '../qcow2/create';
import { chainOf, createOverlay, formatOf, isUntouched, settleImage } from './chain';
import { measureMerge, mergeImages } from './merge';
import { PieceMap } from './piece-map';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-merge-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

async function write(name: string, offset: number, length: number, byte: number): Promise<void> {
  const disk = await openDisk(at(name), { readOnly: false, format: formatOf(name) });
  await disk.write(offset, new Uint8Array(length).fill(byte));
  await disk.close();
}

async function contents(name: string): Promise<Uint8Array> {
  const disk = await openDisk(at(name), { readOnly: true, format: formatOf(name) });
  try {
    return await disk.read(0, disk.size);
  } finally {
    await disk.close();
  }
}

async function expectMerged(layers: string[], below: string | null): Promise<void> {
  const expected = await contents(layers[0] ?? '');
  await mergeImages({
    layers: layers.map(at),
    below: below === null ? null : at(below),
    target: at('m.qcow2'),
  });
  expect(Buffer.compare(await contents('m.qcow2'), expected)).toBe(0);
}

describe('mergeImages', () => {
  it.each([512, 4096, 65536, 2 ** 20])('merges images with clusters of %i bytes', async (clusterSize) => {
    await createQcow2(at('a.qcow2'), { virtualSize: 3_000_000, clusterSize });
    await write('a.qcow2', 0, 2_000_000, 1);
    const overlay = { virtualSize: 3_000_000, clusterSize };
    await createQcow2(at('b.qcow2'), { ...overlay, backingFile: 'a.qcow2' });
    await write('b.qcow2', 100_000, 5000, 2);
    await write('b.qcow2', 700_000, 300_000, 0);
    await createQcow2(at('c.qcow2'), { ...overlay, backingFile: 'b.qcow2' });
    await write('c.qcow2', 101_000, 70_000, 3);
    await expectMerged(['c.qcow2', 'b.qcow2'], 'a.qcow2');
    expect(await chainOf(at('m.qcow2'))).toEqual([at('m.qcow2'), at('a.qcow2')]);
    await rm(at('m.qcow2'));
    await expectMerged(['c.qcow2', 'b.qcow2', 'a.qcow2'], null);
  });

  it('keeps what is behind the end of a shorter image zero, raw ones included', async () => {
    await writeFile(at('base.img'), new Uint8Array(100_000).fill(9));
    await createOverlay(at('a.qcow2'), at('base.img'));
    await createQcow2(at('b.qcow2'), {
      virtualSize: 500_000,
      backingFile: 'a.qcow2',
      backingFormat: 'qcow2',
    });
    await expectMerged(['b.qcow2', 'a.qcow2'], 'base.img');
    await rm(at('m.qcow2'));
    await expectMerged(['b.qcow2', 'a.qcow2', 'base.img'], null);
  });

  it('leaves nothing behind when it is cancelled, and touches nothing that is in the way', async () => {
    await createQcow2(at('a.qcow2'), { virtualSize: 4_000_000 });
    await write('a.qcow2', 0, 4_000_000, 1);
    await createOverlay(at('b.qcow2'), at('a.qcow2'));
    const abort = new AbortController();
    const request = { layers: [at('b.qcow2'), at('a.qcow2')], below: null, target: at('m.qcow2') };
    const cancelled = mergeImages(request, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect((await readdir(folder)).sort()).toEqual(['a.qcow2', 'b.qcow2']);
    await writeFile(at('m.qcow2'), 'precious');
    await expect(mergeImages(request)).rejects.toMatchObject({ code: 'file.exists' });
    expect((await readdir(folder)).sort()).toEqual(['a.qcow2', 'b.qcow2', 'm.qcow2']);
  });

  it('says beforehand how big it gets', async () => {
    await createQcow2(at('a.qcow2'), { virtualSize: 2 ** 40 });
    await write('a.qcow2', 2 ** 39, 65536 * 3, 1);
    await createOverlay(at('b.qcow2'), at('a.qcow2'));
    expect(await isUntouched(at('b.qcow2'))).toBe(true);
    await write('b.qcow2', 2 ** 39 + 65536, 65536 * 4, 2);
    expect(await isUntouched(at('b.qcow2'))).toBe(false);
    expect(await measureMerge([at('b.qcow2'), at('a.qcow2')])).toBe(65536 * 5);
  });
});

describe('chains', () => {
  it('that lead in a circle, or to what is not qcow2, are refused', async () => {
    await createQcow2(at('a.qcow2'), { virtualSize: 65536, backingFile: 'b.qcow2', backingFormat: 'qcow2' });
    await createQcow2(at('b.qcow2'), { virtualSize: 65536, backingFile: 'a.qcow2', backingFormat: 'qcow2' });
    await expect(chainOf(at('a.qcow2'))).rejects.toMatchObject({ code: 'disk.corrupt' });
    await writeFile(at('c.qcow2'), new Uint8Array(65536));
    await expect(createOverlay(at('d.qcow2'), at('c.qcow2'))).rejects.toMatchObject({
      code: 'disk.unknown-format',
    });
    await settleImage(at('a.qcow2'));
  });
});

describe('PieceMap', () => {
  it('joins pieces into runs that are not too long, and ends with the disk', () => {
    const map = new PieceMap(950, 100);
    map.mark(120, 10);
    map.mark(199, 2);
    map.mark(700, 5000);
    expect([...map.runs(200)]).toEqual([
      { offset: 100, length: 200 },
      { offset: 700, length: 200 },
      { offset: 900, length: 50 },
    ]);
    expect(map.markedBytes).toBe(450);
  });
});
