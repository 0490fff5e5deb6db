import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import type { BlockDevice } from './block-device';
import { convertDisk } from './convert';
import { inspectDisk } from './inspect';
import { openDisk } from './open-disk';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convert-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const mib = 2 ** 20;

/** A disk with a byte of data at the beginning of each MiB. */
function source(size: number, failAt = Infinity): BlockDevice {
  return {
    size,
    readOnly: true,
    read(offset, length) {
      if (offset + length > failAt) return Promise.reject(new Failure('file.io', 'bad sector'));
      const data = new Uint8Array(length);
      for (let at = Math.ceil(offset / mib) * mib; at < offset + length; at += mib)
        data[at - offset] = 1 + at / mib;
      return Promise.resolve(data);
    },
    async readInto(offset, into) {
      into.set(await this.read(offset, into.length));
    },
    write: () => Promise.reject(new Failure('disk.read-only', 'no')),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

describe('convertDisk', () => {
  it('copies what is not zero, tells how far it is, and leaves one file', async () => {
    const target = join(folder, 'new.qcow2');
    const progress: number[] = [];
    const size = 5 * mib + 512;
    await convertDisk(source(size), target, { onProgress: (done, total) => progress.push(done / total) });
    expect(await readdir(folder)).toEqual(['new.qcow2']);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
    const disk = await openDisk(target, { readOnly: true });
    expect(disk.size).toBe(size);
    expect([...(await disk.read(0, 2)), ...(await disk.read(5 * mib, 2))]).toEqual([1, 0, 6, 0]);
    await disk.close();
    // Six clusters of data and the tables, out of 81.
    expect((await inspectDisk(target)).fileSize).toBeLessThanOrEqual(11 * 65536);
  });

  it('can be cancelled, and leaves nothing', async () => {
    const target = join(folder, 'new.qcow2');
    const stop = new AbortController();
    const copy = convertDisk(source(20 * mib), target, {
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await expect(copy).rejects.toMatchObject({ code: 'cancelled' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves nothing when the source fails', async () => {
    const copy = convertDisk(source(20 * mib, 3 * mib), join(folder, 'new.qcow2'));
    await expect(copy).rejects.toMatchObject({ code: 'file.io', message: 'bad sector' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('never replaces a file, and never makes a disk smaller', async () => {
    const target = join(folder, 'new.qcow2');
    await writeFile(target, 'precious');
    await expect(convertDisk(source(mib), target)).rejects.toMatchObject({ code: 'file.exists' });
    await rm(target);
    const smaller = convertDisk(source(mib), target, { virtualSize: 512 });
    await expect(smaller).rejects.toMatchObject({ code: 'input.invalid' });
    const nowhere = convertDisk(source(mib), join(folder, 'none/new.qcow2'));
    await expect(nowhere).rejects.toMatchObject({ code: 'file.not-found' });
  });
});
