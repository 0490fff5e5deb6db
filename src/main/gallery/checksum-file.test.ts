import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSafeFileName, newestMatch, parseChecksumFile } from './checksum-file';

const a = 'a'.repeat(64);
const b = 'b'.repeat(64);

describe('a checksum file', () => {
  it('is read as coreutils writes it', () => {
    const text = `${a}  debian-12.13.0-i386-netinst.iso\n${b.toUpperCase()} *./other.iso\r\n`;
    expect([...parseChecksumFile(text, 'sha256')]).toEqual([
      ['debian-12.13.0-i386-netinst.iso', a],
      ['other.iso', b],
    ]);
  });

  it('is read in its BSD form', () => {
    const text = `SHA256 (one.iso) = ${a}\nSHA512 (two.iso) = ${a}${b}\nMD5 (one.iso) = ${'0'.repeat(32)}\n`;
    expect([...parseChecksumFile(text, 'sha256')]).toEqual([['one.iso', a]]);
    expect([...parseChecksumFile(text, 'sha512')]).toEqual([['two.iso', a + b]]);
  });

  it('names nothing outside of its folder', () => {
    const text = ['../x.iso', '/etc/passwd', 'a/b.iso', '.hidden', '-x', 'x y.iso', 'x\u202e.iso', 'con.']
      .map((name) => `${a}  ${name}`)
      .join('\n');
    expect([...parseChecksumFile(text, 'sha256')]).toEqual([]);
  });

  it('may be anything at all', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2000 }), (text) => {
        for (const [name, hash] of parseChecksumFile(text, 'sha256')) {
          expect(isSafeFileName(name)).toBe(true);
          expect(hash).toMatch(/^[0-9a-f]{64}$/);
        }
      }),
    );
  });
});

describe('the newest match', () => {
  const pattern = 'debian-[0-9]+[.][0-9]+[.][0-9]+-amd64-netinst[.]iso';

  it('compares numbers as numbers', () => {
    const names = [
      'debian-9.13.0-amd64-netinst.iso',
      'debian-12.10.0-amd64-netinst.iso',
      'debian-12.9.0-amd64-netinst.iso',
    ];
    expect(newestMatch(names, pattern)).toBe('debian-12.10.0-amd64-netinst.iso');
  });

  it('wants the whole name to match', () => {
    const names = ['debian-mac-12.9.0-amd64-netinst.iso', 'debian-12.9.0-amd64-netinst.iso.zsync'];
    expect(newestMatch(names, pattern)).toBeUndefined();
  });
});
