import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rotatingFile } from './rotating-file';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-log-'));
  path = join(folder, 'logs', 'a.log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('keeps the order, and one line a line', async () => {
  const log = rotatingFile(path);
  for (let number = 0; number < 100; number++) log.write(`line ${number}`);
  log.write('two\nlines');
  expect((await log.tail(3)).join('|')).toBe('line 98|line 99|two ⏎ lines');
});

it('begins anew before it grows too long, and keeps the last ones', async () => {
  const log = rotatingFile(path, { maxBytes: 1000, keep: 2 });
  for (let number = 0; number < 100; number++) {
    log.write(`line ${String(number).padStart(3, '0')} ${'x'.repeat(90)}`);
    await log.flush();
  }
  expect((await readdir(join(folder, 'logs'))).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
  for (const name of ['a.log', 'a.log.1', 'a.log.2']) {
    expect((await stat(join(folder, 'logs', name))).size).toBeLessThanOrEqual(1000);
  }
  expect(await readFile(path, 'utf8')).toContain('line 099');
});

it('goes on after the file of an earlier run', async () => {
  const first = rotatingFile(path, { maxBytes: 100, keep: 1 });
  first.write('x'.repeat(80));
  await first.flush();
  const second = rotatingFile(path, { maxBytes: 100, keep: 1 });
  second.write('y'.repeat(80));
  await second.flush();
  expect(await second.tail(9)).toEqual(['y'.repeat(80)]);
});

it('does not bring back a folder that was removed, and harms nobody', async () => {
  await mkdir(join(folder, 'logs'));
  const log = rotatingFile(path);
  await rm(folder, { recursive: true });
  log.write('lost');
  await log.flush();
  expect(await log.tail(1)).toEqual([]);
  await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});
