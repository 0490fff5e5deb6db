import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostFailure, openHostFile } from './host-file';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function newFile(): Promise<string> {
  const path = join(folder, 'disk.img');
  await writeFile(path, 'contents');
  return path;
}

describe('openHostFile', () => {
  it('refuses what is not a file', async () => {
    await mkdir(join(folder, 'sub'));
    await expect(openHostFile(join(folder, 'sub'), { readOnly: true })).rejects.toMatchObject({
      code: 'file.not-a-file',
    });
    await expect(openHostFile(join(folder, 'none'), { readOnly: true })).rejects.toMatchObject({
      code: 'file.not-found',
    });
    await expect(openHostFile(await newFile(), { readOnly: false, create: true })).rejects.toMatchObject({
      code: 'file.exists',
    });
    if (process.platform === 'linux') {
      await expect(openHostFile('/dev/null', { readOnly: true })).rejects.toMatchObject({
        code: 'file.not-a-file',
      });
    }
  });

  it('lets one writer or many readers in', async () => {
    const path = await newFile();
    const writer = await openHostFile(path, { readOnly: false });
    await expect(openHostFile(path, { readOnly: false })).rejects.toMatchObject({ code: 'disk.in-use' });
    await expect(openHostFile(path, { readOnly: true })).rejects.toMatchObject({ code: 'disk.in-use' });
    await (await openHostFile(path, { readOnly: true, unlocked: true })).close();
    await writer.close();

    const readers = [
      await openHostFile(path, { readOnly: true }),
      await openHostFile(path, { readOnly: true }),
    ];
    await expect(openHostFile(path, { readOnly: false })).rejects.toMatchObject({ code: 'disk.in-use' });
    for (const reader of readers) await reader.close();
    await (await openHostFile(path, { readOnly: false })).close();
  });

  it.skipIf(process.platform !== 'linux')('is free again when the process that held it dies', async () => {
    const path = await newFile();
    const script = join(folder, 'holder.cjs');
    const library = JSON.stringify(createRequire(import.meta.url).resolve('fs-native-extensions'));
    await writeFile(
      script,
      `const fd = require('node:fs').openSync(${JSON.stringify(path)}, 'r+');
       process.send(require(${library}).tryLock(fd, 0, 0));
       setTimeout(() => {}, 20000);`,
    );
    const holder = fork(script);
    try {
      expect((await once(holder, 'message'))[0]).toBe(true);
      await expect(openHostFile(path, { readOnly: false })).rejects.toMatchObject({ code: 'disk.in-use' });
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    await (await openHostFile(path, { readOnly: false })).close();
  });

  it('reads, writes and resizes', async () => {
    const file = await openHostFile(await newFile(), { readOnly: false });
    await file.write(Buffer.from('XY'), 10);
    expect(await file.size()).toBe(12);
    const into = new Uint8Array(6);
    expect(await file.read(into, 8)).toBe(4);
    expect([...into]).toEqual([0, 0, 88, 89, 0, 0]);
    await file.truncate(3);
    await file.datasync();
    expect(await file.size()).toBe(3);
    await file.close();
  });
});

describe('hostFailure', () => {
  const systemError = (code: string): Error =>
    Object.assign(new Error(`${code}: failed`), { code, errno: -1 });

  it('says what to do when the disk is full', () => {
    for (const code of ['ENOSPC', 'EDQUOT']) {
      expect(hostFailure(systemError(code), 'write', '/x')).toMatchObject({
        code: 'file.no-space',
        hint: expect.stringContaining('Free some space') as string,
      });
    }
  });

  it('takes unknown system errors for input/output errors and the rest for defects', () => {
    expect(hostFailure(systemError('ESTALE'), 'read', '/x').code).toBe('file.io');
    expect(hostFailure(new TypeError('oops'), 'read', '/x').code).toBe('internal');
  });
});
