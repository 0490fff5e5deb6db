import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bootId, lockFile, readLockOwner } from './file-lock';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('is held by one at a time, and says by whom', async () => {
  const lock = await lockFile(path);
  expect(lock).toBeDefined();
  expect(await readLockOwner(path)).toEqual({ pid: process.pid, bootId: await bootId() });
  expect(await lockFile(path)).toBeUndefined();
  await lock?.release();
  expect(await readLockOwner(path)).toBeUndefined();
  const again = await lockFile(path);
  expect(again).toBeDefined();
  await again?.release();
});

it('ends with its owner, even one that is killed', async () => {
  // The same lock as ours, taken by another program.
  const program = `
    const fs = require('node:fs');
    const fd = fs.openSync(process.argv[1], 'w+');
    require('fs-native-extensions').tryLock(fd, 2 ** 40, 1);
    fs.writeSync(fd, '{"pid":1,"bootId":"stale"}');
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['-e', program, path], {
    cwd: resolve(import.meta.dirname, '../../..'),
  });
  try {
    await once(child.stdout, 'data');
    expect(await lockFile(path)).toBeUndefined();
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  // What it wrote is still there, and means nothing any more.
  expect(await readFile(path, 'utf8')).toContain('stale');
  const lock = await lockFile(path);
  expect(lock).toBeDefined();
  await lock?.release();
});

it.skipIf(process.platform === 'win32')('does not follow a symbolic link', async () => {
  const other = join(folder, 'other');
  await writeFile(other, 'precious');
  await symlink(other, path);
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'ELOOP' });
  expect(await readFile(other, 'utf8')).toBe('precious');
});

it('takes whatever stands in the file for no owner', async () => {
  for (const text of ['', 'x', '{"pid":-1,"bootId":"x"}', '{"pid":"1"}']) {
    await writeFile(path, text);
    expect(await readLockOwner(path)).toBeUndefined();
  }
});
