import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { guests } from '@shared/guests/table';
import { readCatalogue } from './catalogue';

const path = fileURLToPath(new URL('../../../resources/gallery.json', import.meta.url));

it('has the systems that people look for first, in both languages, each with a guest of the table', async () => {
  const entries = await readCatalogue(path);
  expect(entries.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      'starter-linux',
      'debian-i386',
      'debian-amd64',
      'alpine-x86',
      'tinycore',
      'freedos',
      'kolibrios',
      'haiku',
      'reactos',
    ]),
  );
  for (const entry of entries) {
    expect(
      guests.some(({ id }) => id === entry.guest),
      entry.guest,
    ).toBe(true);
    expect(Object.keys(entry.description).sort()).toEqual(['en', 'zh-CN']);
    expect(entry.description['zh-CN']).toMatch(/\p{Script=Han}/u);
  }
});
