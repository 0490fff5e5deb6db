import { describe, expect, it } from 'vitest';
import { MemoryFile } from '../testing/memory-file';
import { writeEmptyImage, type CreateQcow2Options } from './create';
import { readHeader } from './header';

async function image(options: Partial<CreateQcow2Options> = {}): Promise<MemoryFile> {
  const file = new MemoryFile();
  await writeEmptyImage(file, { virtualSize: 10_000_000, ...options });
  return file;
}

async function changed(change: (view: DataView, file: MemoryFile) => void): Promise<MemoryFile> {
  const file = await image();
  change(new DataView(file.contents.buffer), file);
  return file;
}

describe('the header', () => {
  it('comes back as it was created', async () => {
    const file = await image({
      virtualSize: 5_000_001,
      clusterSize: 4096,
      backingFile: 'ä/b.raw',
      backingFormat: 'raw',
    });
    expect(await readHeader(file)).toMatchObject({
      size: 5_000_192,
      backingFile: 'ä/b.raw',
      backingFormat: 'raw',
      geometry: { version: 3, clusterSize: 4096, refcountBits: 16 },
      snapshotCount: 0,
      incompatibleFeatures: 0n,
      compatibleFeatures: 1n,
      bitmaps: false,
    });
  });

  it('may carry a backing file name of 1023 bytes, and no more', async () => {
    const name = 'n'.repeat(1023);
    expect((await readHeader(await image({ backingFile: name }))).backingFile).toBe(name);
    await expect(image({ backingFile: `${name}n` })).rejects.toMatchObject({ code: 'input.invalid' });
    const file = await image({ backingFile: name });
    new DataView(file.contents.buffer).setUint32(16, 1024);
    await expect(readHeader(file)).rejects.toMatchObject({ code: 'disk.corrupt' });
  });

  it.each([
    ['an impossible cluster size', 20, 8, 'disk.corrupt'],
    ['an enormous cluster size', 20, 40, 'disk.corrupt'],
    ['an impossible disk size', 24, 0xffffffff, 'disk.corrupt'],
    ['encryption', 32, 2, 'disk.unsupported'],
    ['an enormous L1 table', 36, 0x7fffffff, 'disk.corrupt'],
    ['an L1 table that is too small', 36, 0, 'disk.corrupt'],
    ['a misaligned L1 table', 44, 0x10200, 'disk.corrupt'],
    ['an L1 table behind the end', 44, 0x7fff0000, 'medium.truncated'],
    ['a misaligned refcount table', 52, 0x10008, 'disk.corrupt'],
    ['a refcount table behind the end', 52, 0x7fff0000, 'medium.truncated'],
    ['an enormous refcount table', 56, 0x10000, 'disk.corrupt'],
    ['a future version', 4, 4, 'disk.unsupported'],
    ['version 1', 4, 1, 'disk.unsupported'],
    ['an external data file', 76, 4, 'disk.unsupported'],
    ['extended L2 entries', 76, 16, 'disk.unsupported'],
    ['an unknown feature', 72, 1, 'disk.unsupported'],
    ['impossible reference counts', 96, 7, 'disk.corrupt'],
    ['an impossible header length', 100, 100, 'disk.corrupt'],
    ['compression of an unknown type', 104, 0x02000000, 'disk.unsupported'],
    ['another magic', 0, 0x51464900, 'disk.unknown-format'],
  ])('is refused with %s', async (_, offset, value, code) => {
    const file = await changed((view) => view.setUint32(offset, value));
    await expect(readHeader(file)).rejects.toMatchObject({ code });
  });

  it('is refused when the file ends in it', async () => {
    for (const [length, code] of [
      [0, 'disk.unknown-format'],
      [3, 'disk.unknown-format'],
      [50, 'medium.truncated'],
      [80, 'medium.truncated'],
    ] as const) {
      const file = await changed((_, it) => (it.contents = it.contents.slice(0, length)));
      await expect(readHeader(file)).rejects.toMatchObject({ code });
    }
  });

  it('is refused when an extension does not fit', async () => {
    const file = await changed((view) => {
      view.setUint32(112, 0xe2792aca);
      view.setUint32(116, 0xfffffff0);
    });
    await expect(readHeader(file)).rejects.toMatchObject({ code: 'disk.corrupt' });
  });
});

describe('creating', () => {
  it.each([
    [{ virtualSize: 0 }],
    [{ virtualSize: -512 }],
    [{ virtualSize: 1.5 }],
    [{ virtualSize: Number.NaN }],
    [{ virtualSize: 2 ** 52, clusterSize: 512 }],
    [{ virtualSize: 512, clusterSize: 256 }],
    [{ virtualSize: 512, clusterSize: 3000 }],
    [{ virtualSize: 512, clusterSize: 2 ** 22 }],
    [{ virtualSize: 512, backingFile: '' }],
    [{ virtualSize: 512, backingFile: 'a\0b' }],
  ])('refuses %o', async (options) => {
    await expect(image(options)).rejects.toMatchObject({ code: 'input.invalid' });
  });

  it('writes the magic last, so that half an image is none', async () => {
    const { log } = await image();
    const writes = log.filter((entry) => entry.kind === 'write');
    expect(writes.at(-1)).toMatchObject({ position: 0, data: Uint8Array.of(0x51, 0x46, 0x49, 0xfb) });
    expect(writes.slice(0, -1).every(({ position }) => position > 0)).toBe(true);
  });
});
