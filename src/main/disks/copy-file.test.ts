import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyFileChecked } from './copy-file';
import { exportDisk } from './export';
import { openDisk } from './open-disk';
import { createQcow2 } from './qcow2/create';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-copy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

describe('a checked copy of a file', () => {
  it('has the same bytes and the same time, and no space for zeros', async () => {
    const bytes = new Uint8Array(5_000_123);
    bytes.fill(3, 1_000_000, 1_100_000);
    await writeFile(at('a'), bytes);
    await utimes(at('a'), 1000, 2000);
    const shares: number[] = [];
    const { bytes: length } = await copyFileChecked(at('a'), at('b'), {
      onProgress: (done, total) => shares.push(done / total),
    });
    expect(length).toBe(bytes.length);
    expect(Buffer.compare(await readFile(at('b')), bytes)).toBe(0);
    const { mtimeMs, blocks } = await stat(at('b'));
    expect(mtimeMs).toBe(2_000_000);
    if (process.platform === 'linux') expect(blocks * 512).toBeLessThan(1_000_000);
    expect(shares.at(-1)).toBe(1);
    expect([...shares].sort((x, y) => x - y)).toEqual(shares);
  });

  it('leaves nothing behind when it is cancelled, and touches nothing that is in the way', async () => {
    await writeFile(at('a'), new Uint8Array(3_000_000).fill(1));
    const abort = new AbortController();
    const copy = copyFileChecked(at('a'), at('b'), {
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expect(copy).rejects.toMatchObject({ code: 'cancelled' });
    expect(await readdir(folder)).toEqual(['a']);
    await writeFile(at('b'), 'precious');
    await expect(copyFileChecked(at('a'), at('b'))).rejects.toMatchObject({ code: 'file.exists' });
    expect(await readFile(at('b'), 'utf8')).toBe('precious');
  });

  it('is not made of an image that somebody writes to', async () => {
    await createQcow2(at('a.qcow2'), { virtualSize: 65536 });
    const disk = await openDisk(at('a.qcow2'), { readOnly: false });
    await expect(copyFileChecked(at('a.qcow2'), at('b'))).rejects.toMatchObject({ code: 'disk.in-use' });
    await disk.close();
    expect(await readdir(folder)).toEqual(['a.qcow2']);
  });
});

describe('writing a disk into a new image', () => {
  it('is cancelled without leaving anything, and refuses images that draw other files in', async () => {
    await createQcow2(at('secret.qcow2'), { virtualSize: 4_000_000 });
    const disk = await openDisk(at('secret.qcow2'), { readOnly: false });
    await disk.write(0, new Uint8Array(3_000_000).fill(1));
    await disk.close();
    await createQcow2(at('a.qcow2'), { virtualSize: 4_000_000, backingFile: 'secret.qcow2' });
    const request = { source: at('a.qcow2'), target: at('b.img'), format: 'raw' } as const;
    await expect(exportDisk({ ...request, from: 'stranger' })).rejects.toMatchObject({
      code: 'disk.unsupported',
    });
    const abort = new AbortController();
    const cancelled = exportDisk(
      { ...request, from: 'library' },
      { signal: abort.signal, onProgress: () => abort.abort() },
    );
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    expect((await readdir(folder)).sort()).toEqual(['a.qcow2', 'secret.qcow2']);
    await exportDisk({ ...request, from: 'library' });
    expect((await stat(at('b.img'))).size).toBe(4_000_256);
  });
});
