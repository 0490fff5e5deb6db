import { sep } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { holdsPaths, withPathsMoved } from './rewrite';

const from = ['', 'old', 'data'].join(sep);
const to = ['', 'new'].join(sep);

it('moves paths into the folder, and nothing else', () => {
  const before = {
    drives: [{ path: `${from}${sep}media${sep}a.iso` }, { path: `${from}else${sep}a.iso` }, { path: null }],
    hidden: [`${from}${sep}machines${sep}x`, '/elsewhere'],
    opened: [{ folder: from, id: 'x' }],
    notes: `${from}${sep}is where it was`,
    memoryMiB: 64,
  };
  expect(JSON.parse(withPathsMoved(JSON.stringify(before), from, to) ?? '')).toEqual({
    ...before,
    drives: [{ path: `${to}${sep}media${sep}a.iso` }, { path: `${from}else${sep}a.iso` }, { path: null }],
    hidden: [`${to}${sep}machines${sep}x`, '/elsewhere'],
  });
});

it('leaves what has no such path, and what is not JSON, as it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      if (!text.includes('old')) expect(withPathsMoved(text, from, to)).toBeUndefined();
    }),
  );
});

it('knows the files that have paths in them', () => {
  expect(holdsPaths('library.json.bak')).toBe(true);
  expect(holdsPaths('machines/a/machine.json')).toBe(true);
  expect(holdsPaths('machines/a/snapshots/b/snapshot.json')).toBe(true);
  expect(holdsPaths('machines/a/disks/machine.json')).toBe(false);
  expect(holdsPaths('preferences.json')).toBe(false);
});
