import { describe, expect, it } from 'vitest';
import { writeIso } from './iso9660.mjs';

const sector = (iso: Buffer, number: number) => iso.subarray(number * 2048, (number + 1) * 2048);

/** Walks the directory records from the root, as a driver does. */
function readTree(iso: Buffer, at: number, bytes: number, prefix = ''): Record<string, Buffer> {
  const found: Record<string, Buffer> = {};
  const folder = iso.subarray(at * 2048, at * 2048 + bytes);
  for (let offset = 0; offset < folder.length;) {
    const length = folder[offset]!;
    if (length === 0) {
      offset = (Math.floor(offset / 2048) + 1) * 2048; // records do not cross sectors
      continue;
    }
    const name = folder.toString('latin1', offset + 33, offset + 33 + folder[offset + 32]!);
    const extent = folder.readUInt32LE(offset + 2);
    const size = folder.readUInt32LE(offset + 10);
    expect(folder.readUInt32BE(offset + 6)).toBe(extent);
    expect(folder.readUInt32BE(offset + 14)).toBe(size);
    if (name !== '\0' && name !== '\x01') {
      if (folder[offset + 25]! & 2) Object.assign(found, readTree(iso, extent, size, `${prefix}${name}/`));
      else found[prefix + name] = iso.subarray(extent * 2048, extent * 2048 + size);
    }
    offset += length;
  }
  return found;
}

describe('iso9660', () => {
  const boot = Buffer.alloc(5001, 7);
  const many = Object.fromEntries(
    Array.from({ length: 120 }, (_, i) => [`many/f${i}.txt`, Buffer.from(`${i}`)]),
  );
  const files = {
    'isolinux/isolinux.bin': boot,
    'boot/vmlinuz': Buffer.alloc(0),
    'readme.txt': Buffer.from('hello'),
    ...many,
  };
  const iso = writeIso({
    volumeId: 'TEST_1',
    files,
    boot: 'isolinux/isolinux.bin',
    time: Date.UTC(2025, 1, 3) / 1000,
  });
  const volume = sector(iso, 16);

  it('describes itself', () => {
    expect(volume.toString('latin1', 1, 6)).toBe('CD001');
    expect(volume.toString('latin1', 40, 72).trim()).toBe('TEST_1');
    expect(volume.readUInt32LE(80) * 2048).toBe(iso.length);
    expect(volume.toString('latin1', 813, 829)).toBe('2025020300000000');
    expect(sector(iso, 18)[0]).toBe(0xff);
  });

  it('holds every file, also when a folder takes several sectors', () => {
    const tree = readTree(iso, volume.readUInt32LE(158), volume.readUInt32LE(166));
    expect(Object.keys(tree)).toHaveLength(123);
    expect(tree['README.TXT;1']?.toString()).toBe('hello');
    expect(tree['BOOT/VMLINUZ.;1']).toHaveLength(0);
    for (let i = 0; i < 120; i++) expect(tree[`MANY/F${i}.TXT;1`]?.toString()).toBe(`${i}`);
  });

  it('names the boot image in an El Torito catalog whose checksum is right', () => {
    expect(sector(iso, 17).toString('latin1', 7, 30)).toBe('EL TORITO SPECIFICATION');
    const catalog = sector(iso, sector(iso, 17).readUInt32LE(0x47));
    let sum = 0;
    for (let at = 0; at < 32; at += 2) sum += catalog.readUInt16LE(at);
    expect(sum & 0xffff).toBe(0);
    expect(catalog[32]).toBe(0x88);
    const image = iso.subarray(catalog.readUInt32LE(40) * 2048);
    expect(image.readUInt32LE(8)).toBe(16);
    expect(image.readUInt32LE(12)).toBe(catalog.readUInt32LE(40));
    expect(image.readUInt32LE(16)).toBe(5001);
    expect(image.subarray(64, 5001).equals(boot.subarray(64))).toBe(true);
  });

  it('refuses names that the format cannot hold', () => {
    const write = (name: string) => () =>
      writeIso({ volumeId: 'X', files: { [name]: boot }, boot: name, time: 0 });
    expect(write('ninechars.bin')).toThrow(/8\.3/);
    expect(write('a/long-folder/b.bin')).toThrow(/folder/);
    expect(() => writeIso({ volumeId: 'X', files: {}, boot: 'none.bin', time: 0 })).toThrow(/no file/);
  });
});
