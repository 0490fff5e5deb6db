import { describe, expect, it } from 'vitest';
import { moduleTables, readModuleInfo, selectModules } from './kernel-modules.mjs';

/** A 32-bit ELF file with nothing but a `.modinfo` section. */
function module32(fields: string[]): Buffer {
  const info = Buffer.from(fields.map((field) => `${field}\0`).join(''), 'latin1');
  const names = Buffer.from('\0.modinfo\0.shstrtab\0', 'latin1');
  const header = Buffer.alloc(52);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]).copy(header);
  const sections = [
    { name: 0, offset: 0, size: 0 },
    { name: 1, offset: 52, size: info.length },
    { name: 10, offset: 52 + info.length, size: names.length },
  ];
  header.writeUInt32LE(52 + info.length + names.length, 0x20);
  header.writeUInt16LE(40, 0x2e);
  header.writeUInt16LE(sections.length, 0x30);
  header.writeUInt16LE(2, 0x32);
  const table = sections.map(({ name, offset, size }) => {
    const entry = Buffer.alloc(40);
    entry.writeUInt32LE(name, 0);
    entry.writeUInt32LE(offset, 16);
    entry.writeUInt32LE(size, 20);
    return entry;
  });
  return Buffer.concat([header, info, names, ...table]);
}

const available = new Map(
  Object.entries({
    ext4: ['depends=jbd2,mbcache', 'alias=fs-ext4', 'softdep=pre: crc32c builtin-thing'],
    jbd2: ['depends='],
    mbcache: ['depends=jbd2'],
    crc32c: ['depends=', 'alias=crypto-crc32c'],
    ne2k_pci: ['depends=8390', 'alias=pci:v000010ECd00008029sv*'],
    8390: ['license=GPL'],
    unused: ['depends='],
  }).map(([name, fields]) => [name, { path: `kernel/${name}.ko`, read: () => module32(fields) }]),
);

describe('kernel modules', () => {
  it('reads what a module says about itself', () => {
    expect(
      readModuleInfo(module32(['depends=a-b,c', 'alias=x', 'alias=y', 'softdep=pre: d post: e'])),
    ).toEqual({
      depends: ['a_b', 'c'],
      aliases: ['x', 'y'],
      softDepends: ['d', 'e'],
    });
    expect(() => readModuleInfo(Buffer.alloc(64))).toThrow(/ELF/);
  });

  it('takes what is wanted with what that needs, and nothing else', () => {
    const names = selectModules(available, ['ext4', 'ne2k-pci']).map((module) => module.name);
    expect(names.sort()).toEqual(['8390', 'crc32c', 'ext4', 'jbd2', 'mbcache', 'ne2k_pci']);
  });

  it('refuses a module that the kernel does not have', () => {
    expect(() => selectModules(available, ['missing'])).toThrow(/no module missing/);
  });

  it('writes tables in the order that modprobe loads: from right to left', () => {
    const tables = moduleTables(selectModules(available, ['ext4', 'ne2k-pci']));
    expect(tables.dep).toContain('kernel/ext4.ko: kernel/mbcache.ko kernel/jbd2.ko\n');
    expect(tables.dep).toContain('kernel/jbd2.ko:\n');
    expect(tables.alias).toContain('alias fs-ext4 ext4\n');
    expect(tables.alias).toContain('alias pci:v000010ECd00008029sv* ne2k_pci\n');
    expect(tables.softdep).toBe('softdep ext4 pre: crc32c\n');
  });
});
