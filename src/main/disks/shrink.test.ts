import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDisk } from './open-disk';
import { createQcow2 } from './qcow2/create';
import { shrinkDisk } from './shrink';

const mebibyte = 2 ** 20;
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shrink-'));
  path = join(folder, 'disk.img');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A raw disk of 8 MiB. */
async function rawDisk(...pieces: [at: number, bytes: Uint8Array][]): Promise<void> {
  const bytes = new Uint8Array(8 * mebibyte);
  for (const [at, piece] of pieces) bytes.set(piece, at);
  await writeFile(path, bytes);
}

/** An MBR with one partition, in sectors. */
function mbr(first: number, count: number, type = 0x83): Uint8Array {
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  view.setUint8(446 + 16 + 4, type);
  view.setUint32(446 + 16 + 8, first, true);
  view.setUint32(446 + 16 + 12, count, true);
  view.setUint16(510, 0xaa55, true);
  return bytes;
}

function gpt(backupHeader: number, lastUsable: number): Uint8Array {
  const bytes = new Uint8Array(512);
  bytes.set(new TextEncoder().encode('EFI PART'));
  new DataView(bytes.buffer).setBigUint64(32, BigInt(backupHeader), true);
  new DataView(bytes.buffer).setBigUint64(48, BigInt(lastUsable), true);
  return bytes;
}

const shrink = (size: number): Promise<void> => shrinkDisk(path, 'raw', size);

async function refused(size: number, why: RegExp): Promise<void> {
  const before = await readFile(path);
  await expect(shrink(size)).rejects.toMatchObject({
    code: 'input.invalid',
    message: expect.stringMatching(why) as string,
  });
  expect(Buffer.compare(await readFile(path), before)).toBe(0);
}

describe('a raw disk', () => {
  it('is cut behind the last partition, and not before', async () => {
    await rawDisk([0, mbr(2048, 4097)], [4 * mebibyte, Uint8Array.of(0)]);
    await refused((2048 + 4096) * 512, /last partition/);
    await shrink((2048 + 4097) * 512);
    expect((await stat(path)).size).toBe((2048 + 4097) * 512);
  });

  it('is not cut where a single byte would be lost', async () => {
    await rawDisk([0, mbr(2048, 100)], [8 * mebibyte - 1, Uint8Array.of(1)]);
    await refused(4 * mebibyte, /data beyond/);
  });

  it.each([512, 4096])('keeps the backup of its GPT (sectors of %i bytes)', async (sector) => {
    const last = (8 * mebibyte) / sector - 1;
    await rawDisk([0, mbr(1, 0xffffffff, 0xee)], [sector, gpt(last, last - 34)]);
    await refused(8 * mebibyte - 512, /GPT/);
    await rawDisk([0, mbr(1, 0xffffffff, 0xee)], [sector, gpt(last / 2 - 0.5, last / 4 - 0.75)]);
    await shrink(4 * mebibyte);
  });

  it('without a partition table is only cut when it is empty', async () => {
    await rawDisk([0, mbr(0, 0, 0)]);
    await refused(mebibyte, /no partition table/);
    await rawDisk([0, mbr(1, 1)], [446, Uint8Array.of(0xeb)]);
    await refused(mebibyte, /no partition table/);
    await rawDisk();
    await refused(8 * mebibyte, /not bigger/);
    await shrink(1);
    expect((await stat(path)).size).toBe(512);
  });
});

describe('a qcow2 disk', () => {
  it('is cut when what is below its end is zeros too, and gives its own zeros back', async () => {
    const base = new Uint8Array(8 * mebibyte);
    base.set(mbr(1, 100));
    base[6 * mebibyte] = 1;
    await writeFile(join(folder, 'base.img'), base);
    path = join(folder, 'disk.qcow2');
    await createQcow2(path, { virtualSize: 9 * mebibyte, backingFile: 'base.img', backingFormat: 'raw' });
    await expect(shrinkDisk(path, 'qcow2', 5 * mebibyte)).rejects.toThrow(/data beyond/);
    const write = async (at: number, bytes: Uint8Array): Promise<void> => {
      const disk = await openDisk(path, { readOnly: false, format: 'qcow2' });
      await disk.write(at, bytes);
      await disk.close();
    };
    await write(6 * mebibyte, new Uint8Array(3 * mebibyte).fill(0));
    await write(8.5 * mebibyte, Uint8Array.of(1));
    await expect(shrinkDisk(path, 'qcow2', 5 * mebibyte)).rejects.toThrow(/data beyond/);
    await write(8.5 * mebibyte, Uint8Array.of(0));
    const before = (await stat(path)).size;
    await shrinkDisk(path, 'qcow2', 5 * mebibyte);
    const disk = await openDisk(path, { readOnly: false, format: 'qcow2' });
    expect(disk.size).toBe(5 * mebibyte);
    expect(Buffer.compare(await disk.read(0, disk.size), base.subarray(0, disk.size))).toBe(0);
    // The clusters that it had beyond its end are taken again.
    await disk.write(0, new Uint8Array(3 * mebibyte).fill(9));
    await disk.close();
    expect((await stat(path)).size).toBeLessThanOrEqual(before);
  });
});
