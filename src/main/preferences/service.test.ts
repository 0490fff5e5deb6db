import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { logTo } from '../platform/log';
import { rotatingFile } from '../platform/rotating-file';
import { PreferencesService } from './service';

let folder: string;
const told: unknown[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-preferences-'));
  told.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = (): Promise<PreferencesService> =>
  PreferencesService.load(folder, (event) => told.push(event), logTo(rotatingFile(join(folder, 'log'))));

it('begins with the usual ones and keeps what is set', async () => {
  const preferences = await load();
  expect(preferences.get()).toEqual({ theme: 'system', language: 'system', libraryView: 'cards' });
  expect(await preferences.set({ theme: 'dark' })).toMatchObject({ theme: 'dark', libraryView: 'cards' });
  expect(told).toEqual([{ name: 'preferences.changed', value: preferences.get() }]);
  expect((await load()).get().theme).toBe('dark');
});

it('takes each value by itself and keeps fields of a newer version', async () => {
  const file = join(folder, 'preferences.json');
  await writeFile(file, JSON.stringify({ theme: 7, language: 'zh-CN', fromTheFuture: { a: 1 } }));
  const preferences = await load();
  expect(preferences.get()).toEqual({ theme: 'system', language: 'zh-CN', libraryView: 'cards' });
  await preferences.set({ libraryView: 'list' });
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
    fromTheFuture: { a: 1 },
    libraryView: 'list',
  });
});

it.each(['', '[]', 'null', '{"theme"'])('does not stumble over %j', async (text) => {
  await writeFile(join(folder, 'preferences.json'), text);
  expect((await load()).get().theme).toBe('system');
});
