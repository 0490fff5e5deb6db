import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WindowMemory } from './memory';

let folder: string;
let path: string;
const failures: unknown[] = [];
const place = { x: 1, y: 2, width: 800, height: 600, maximized: false };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-windows-'));
  path = join(folder, 'windows.json');
  failures.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (): WindowMemory => new WindowMemory(path, (error) => failures.push(error));

it('keeps places from one start to the next, and forgets what is gone', async () => {
  const memory = open();
  memory.set('manager', place);
  memory.set('console a', { ...place, maximized: true });
  memory.set('console b', place);
  memory.forget('console b');
  memory.flush();
  expect(open().get('manager')).toEqual(place);
  expect(open().get('console a')).toEqual({ ...place, maximized: true });
  expect(open().get('console b')).toBeUndefined();
  expect(failures).toEqual([]);
});

it('keeps the last ones only', async () => {
  const memory = open();
  for (let number = 0; number < 300; number++) memory.set(`console ${number}`, place);
  memory.flush();
  const { windows } = JSON.parse(await readFile(path, 'utf8')) as { windows: object };
  expect(Object.keys(windows)).toHaveLength(200);
  expect(open().get('console 299')).toEqual(place);
  expect(open().get('console 0')).toBeUndefined();
});

it.each(['', '[]', '{"schema":1,"windows":{"manager":{"x":"1"}}}', '{"schema":2}'])(
  'does not stumble over %j',
  async (text) => {
    await writeFile(path, text);
    expect(open().get('manager')).toBeUndefined();
  },
);

it('tells when it cannot write', async () => {
  await rm(folder, { recursive: true });
  const memory = open();
  memory.set('manager', place);
  memory.flush();
  expect(failures).toHaveLength(1);
});
