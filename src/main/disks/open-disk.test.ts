import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectDisk } from './inspect';
import { openDisk } from './open-disk';
import { createQcow2 } from './qcow2/create';
import { backingPath, openQcow2 } from './qcow2/open';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'open-disk-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

async function fileWith(text: string, position: number, length: number): Promise<string> {
  const contents = Buffer.alloc(length);
  contents.write(text, position, 'latin1');
  await writeFile(at('image'), contents);
  return at('image');
}

describe('openDisk', () => {
  it('tells qcow2 from raw by its contents, unless it is told', async () => {
    await createQcow2(at('a'), { virtualSize: 1_000_000 });
    const disk = await openDisk(at('a'), { readOnly: true });
    expect(disk.size).toBe(1_000_448);
    await disk.close();
    const raw = await openDisk(at('a'), { readOnly: true, format: 'raw' });
    expect([...(await raw.read(0, 3))]).toEqual([0x51, 0x46, 0x49]);
    await raw.close();
    await writeFile(at('b'), 'just bytes');
    const other = await openDisk(at('b'), { readOnly: true });
    expect(other.size).toBe(10);
    await other.close();
  });

  it.each([
    ['VMDK', 'KDMV', 0],
    ['VMDK', '# Disk DescriptorFile', 0],
    ['VDI', '\x7f\x10\xda\xbe', 64],
    ['VHDX', 'vhdxfile', 0],
    ['VHD', 'conectix', 0],
    ['VHD', 'conectix', 4096 - 512],
    ['DMG', 'koly', 4096 - 512],
  ])('refuses %s and says how to convert it', async (format, magic, position) => {
    const path = await fileWith(magic, position, 4096);
    for (const attempt of [() => openDisk(path, { readOnly: true }), () => inspectDisk(path)]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'disk.unsupported',
        message: expect.stringContaining(format) as string,
        hint: expect.stringContaining('qemu-img convert') as string,
      });
    }
  });

  it('leaves no file open behind when it fails', async () => {
    const path = await fileWith('KDMV', 0, 4096);
    for (let i = 0; i < 3; i++) {
      await expect(openDisk(path, { readOnly: false })).rejects.toMatchObject({ code: 'disk.unsupported' });
    }
    await writeFile(path, '');
    await expect(openDisk(path, { readOnly: false })).rejects.toMatchObject({ code: 'medium.empty' });
    await expect(openDisk(path, { readOnly: false })).rejects.toMatchObject({ code: 'medium.empty' });
  });

  it('never has two writers', async () => {
    await createQcow2(at('a'), { virtualSize: 1_000_000 });
    const disk = await openDisk(at('a'), { readOnly: false });
    await expect(openDisk(at('a'), { readOnly: false })).rejects.toMatchObject({ code: 'disk.in-use' });
    expect((await inspectDisk(at('a'))).virtualSize).toBe(1_000_448);
    await disk.close();
    await (await openDisk(at('a'), { readOnly: false })).close();
  });
});

describe('backing files', () => {
  it('are found from the folder of the image that names them', async () => {
    await mkdir(at('sub'));
    await writeFile(at('base.img'), Buffer.alloc(2048, 'b'));
    await createQcow2(at('sub/overlay'), {
      virtualSize: 4096,
      backingFile: '../base.img',
      backingFormat: 'raw',
    });
    await createQcow2(at('top'), { virtualSize: 8192, backingFile: 'sub/overlay' });
    const disk = await openDisk(at('top'), { readOnly: false });
    await disk.write(100, Buffer.from('xyz'));
    expect(Buffer.from(await disk.read(98, 7)).toString()).toBe('bbxyzbb');
    expect([...(await disk.read(2047, 2))]).toEqual([98, 0]);

    await disk.close();
  });

  it('stay locked for readers while an image is based on them', async () => {
    await createQcow2(at('base'), { virtualSize: 1000 });
    await createQcow2(at('a'), { virtualSize: 1000, backingFile: 'base' });
    await createQcow2(at('b'), { virtualSize: 1000, backingFile: 'base' });
    const both = [await openDisk(at('a'), { readOnly: false }), await openDisk(at('b'), { readOnly: false })];
    await expect(openDisk(at('base'), { readOnly: false })).rejects.toMatchObject({ code: 'disk.in-use' });
    for (const disk of both) await disk.close();
    await (await openDisk(at('base'), { readOnly: false })).close();
  });

  it('hide what lies beyond a shorter image when that grows', async () => {
    await writeFile(at('base'), Buffer.alloc(500_000, 'b'));
    await createQcow2(at('a'), { virtualSize: 70_144, backingFile: 'base' });
    const disk = await openQcow2(at('a'), { readOnly: false });
    await disk.grow(600_000);
    expect([...(await disk.read(70_143, 2))]).toEqual([98, 0]);
    expect((await disk.read(70_144, disk.size - 70_144)).every((byte) => byte === 0)).toBe(true);
    await disk.close();
  });

  it('are refused in a circle', async () => {
    await createQcow2(at('a'), { virtualSize: 1000 });
    await createQcow2(at('b'), { virtualSize: 1000, backingFile: 'a' });
    await rm(at('a'));
    await symlink(at('b'), at('a'));
    await expect(openDisk(at('b'), { readOnly: true })).rejects.toMatchObject({ code: 'disk.corrupt' });
  });

  it('are refused when they are missing, devices, or not files at all', async () => {
    await writeFile(at('base'), 'x');
    await createQcow2(at('a'), { virtualSize: 1000, backingFile: 'base', backingFormat: 'raw' });
    await rm(at('base'));
    await expect(openDisk(at('a'), { readOnly: true })).rejects.toMatchObject({
      code: 'file.not-found',
      message: expect.stringContaining('is based on base') as string,
    });
    await expect(openDisk(at('a'), { readOnly: true, backingFiles: 'refuse' })).rejects.toMatchObject({
      code: 'disk.unsupported',
    });
    await mkdir(at('base'));
    await expect(openDisk(at('a'), { readOnly: true })).rejects.toMatchObject({ code: 'file.not-a-file' });
    for (const name of ['json:{"driver":"file"}', 'nbd://host/x', 'fat:/etc']) {
      expect(() => backingPath(at('a'), name)).toThrow('not a plain file');
    }
  });
});
