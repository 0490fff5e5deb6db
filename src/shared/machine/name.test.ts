import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderName, freeName, maxNameLength, nameProblem, normalizeName } from './name';

const id = 'a1b2c3d4e5f6a7b8';

describe('machine names', () => {
  it.each(['Debian 12', 'a/b\\c', 'Été 🦎', '机器', 'x'.repeat(64), '..', 'CON'])('takes %s', (name) => {
    expect(nameProblem(name, [])).toBeUndefined();
  });

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['x'.repeat(300), 'too-long'],
    ['a\u0000b', 'control-character'],
    ['a\nb', 'control-character'],
    ['a\u202eb', 'control-character'],
  ])('refuses %j as %s', (name, problem) => {
    expect(nameProblem(name, [])).toBe(problem);
  });

  it.each(['debian', 'DEBIAN', ' Debian  ', 'Debian\t'])('sees that %j is the name “Debian”', (name) => {
    expect(nameProblem(name, ['Debian'])).toBe('taken');
  });

  it('composes accents before it compares', () => {
    expect(nameProblem('Cafe\u0301', ['Caf\u00e9'])).toBe('taken');
  });

  it('finds a free name', () => {
    expect(freeName('Debian', [])).toBe('Debian');
    expect(freeName('Debian', ['debian', 'Debian 2'])).toBe('Debian 3');
  });

  it('always finds one that is acceptable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.string()), (name, taken) => {
        const clean = name.replace(/\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '');
        const free = freeName(clean, taken);
        expect(nameProblem(free, taken)).toBeUndefined();
        expect([...normalizeName(free)].length).toBeLessThanOrEqual(maxNameLength);
      }),
    );
  });

  it('makes folder names that are safe on every file system', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(folderName(name, id)).toMatch(/^[a-z0-9]([a-z0-9-]{0,39}[a-z0-9])?-a1b2c3d4$/);
      }),
    );
    expect(folderName('Debian 12 (i386)', id)).toBe('debian-12-i386-a1b2c3d4');
    expect(folderName('../../etc', id)).toBe('etc-a1b2c3d4');
    expect(folderName('机器', id)).toBe('machine-a1b2c3d4');
  });
});
