import { chmod, mkdir, mkdtemp, rm, truncate, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRaw } from './raw-disk';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'raw-'));
  path = join(folder, 'disk.img');
  await writeFile(
    path,
    Uint8Array.from({ length: 4096 }, (_, i) => i & 255),
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a raw disk', () => {
  it('is the bytes of its file', async () => {
    const disk = await openRaw(path, { readOnly: false });
    expect(disk.size).toBe(4096);
    expect([...(await disk.read(250, 8))]).toEqual([250, 251, 252, 253, 254, 255, 0, 1]);
    await disk.write(4094, Uint8Array.of(1, 2));
    await disk.flush();
    await disk.close();
    expect([...(await readFile(path)).subarray(4093)]).toEqual([253, 1, 2]);
  });

  it('refuses what is outside, and writes when it is read-only', async () => {
    const disk = await openRaw(path, { readOnly: true });
    await expect(disk.read(4096, 1)).rejects.toMatchObject({ code: 'disk.out-of-range' });
    await expect(disk.read(-1, 1)).rejects.toMatchObject({ code: 'disk.out-of-range' });
    await expect(disk.read(0.5, 1)).rejects.toMatchObject({ code: 'disk.out-of-range' });
    await expect(disk.write(0, Uint8Array.of(1))).rejects.toMatchObject({ code: 'disk.read-only' });
    expect(await disk.read(4096, 0)).toHaveLength(0);
    await disk.close();
    await expect(disk.read(0, 1)).rejects.toMatchObject({ code: 'internal' });
  });

  it('needs a file with something in it', async () => {
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'empty'), '');
    const open = (name: string): Promise<unknown> => openRaw(join(folder, name), { readOnly: true });
    await expect(open('sub')).rejects.toMatchObject({ code: 'file.not-a-file' });
    await expect(open('empty')).rejects.toMatchObject({ code: 'medium.empty' });
    await expect(open('none')).rejects.toMatchObject({ code: 'file.not-found' });
    await expect(open('disk.img/none')).rejects.toMatchObject({ code: 'file.not-found' });
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'says when it may not be read',
    async () => {
      await chmod(path, 0o000);
      await expect(openRaw(path, { readOnly: true })).rejects.toMatchObject({ code: 'file.denied' });
    },
  );

  it('never makes up what was cut off while it was open', async () => {
    const disk = await openRaw(path, { readOnly: false });
    await truncate(path, 1000);
    expect(await disk.read(0, 1000)).toHaveLength(1000);
    await expect(disk.read(999, 2)).rejects.toMatchObject({ code: 'medium.truncated' });
    await expect(disk.write(3000, Uint8Array.of(1))).rejects.toMatchObject({ code: 'medium.truncated' });
    await expect(disk.read(2000, 2)).rejects.toMatchObject({ code: 'medium.truncated' });
    await disk.close();
  });
});
