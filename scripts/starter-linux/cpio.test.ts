import { describe, expect, it } from 'vitest';
import { fileType, writeCpio } from './cpio.mjs';

/** Reads an archive as the format's description says, independently of the writer. */
function readCpio(archive: Buffer) {
  const entries: { name: string; mode: number; data: string; device: number[]; time: number }[] = [];
  let at = 0;
  for (;;) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number) =>
      parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const nameBytes = field(11);
    const name = archive.toString('utf8', at + 110, at + 110 + nameBytes - 1);
    const dataAt = (at + 110 + nameBytes + 3) & ~3;
    if (name === 'TRAILER!!!') return { entries, end: (dataAt + 3) & ~3 };
    const data = archive.toString('utf8', dataAt, dataAt + field(6));
    entries.push({ name, mode: field(1), data, device: [field(9), field(10)], time: field(5) });
    at = (dataAt + field(6) + 3) & ~3;
  }
}

describe('cpio', () => {
  const entries = [
    { path: 'usr/bin/tool', mode: fileType.file | 0o755, data: Buffer.from('12345') },
    { path: 'usr', mode: fileType.directory | 0o755 },
    { path: 'usr/bin', mode: fileType.directory | 0o755 },
    { path: 'naïve', mode: fileType.symlink | 0o777, data: Buffer.from('usr/bin/tool') },
    { path: 'dev/console', mode: fileType.character | 0o600, device: [5, 1] as [number, number] },
  ];

  it('keeps names, modes, contents, devices and the date, folders before what is in them', () => {
    const archive = writeCpio(entries, 1735689600);
    const read = readCpio(archive);
    expect(read.end).toBe(archive.length);
    expect(read.entries.map((entry) => entry.name)).toEqual([
      'dev/console',
      'naïve',
      'usr',
      'usr/bin',
      'usr/bin/tool',
    ]);
    expect(read.entries[4]).toEqual({
      name: 'usr/bin/tool',
      mode: 0o100755,
      data: '12345',
      device: [0, 0],
      time: 1735689600,
    });
    expect(read.entries[1]?.data).toBe('usr/bin/tool');
    expect(read.entries[0]?.device).toEqual([5, 1]);
  });

  it('gives the same bytes whatever the order of the entries', () => {
    expect(writeCpio([...entries].reverse(), 1).equals(writeCpio(entries, 1))).toBe(true);
  });

  it('refuses two entries of one name', () => {
    expect(() => writeCpio([...entries, entries[1]!], 1)).toThrow(/usr is there twice/);
  });
});
