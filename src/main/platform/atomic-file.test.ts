import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyPath, readJsonWithCopy, writeAtomic, writeWithCopy } from './atomic-file';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-atomic-'));
  path = join(folder, 'file.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeAtomic', () => {
  it('replaces a file and leaves nothing else', async () => {
    await writeAtomic(path, 'one');
    await writeAtomic(path, Buffer.from('two'));
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(folder)).toEqual(['file.json']);
  });

  it('leaves nothing behind when the file cannot be replaced', async () => {
    const inTheWay = join(folder, 'folder');
    await writeAtomic(join(folder, 'a'), '');
    await mkdir(inTheWay);
    await expect(writeAtomic(inTheWay, 'x')).rejects.toMatchObject({ code: 'EISDIR' });
    expect((await readdir(folder)).sort()).toEqual(['a', 'folder']);
  });

  it('replaces a symbolic link instead of writing through it', async () => {
    const other = join(folder, 'other');
    await writeFile(other, 'untouched');
    await symlink(other, path);
    await writeAtomic(path, 'mine');
    expect(await readFile(other, 'utf8')).toBe('untouched');
  });

  it('never shows a reader half a file', async () => {
    const texts = ['a', 'b'].map((letter) => letter.repeat(200_000));
    await writeAtomic(path, texts[0] ?? '');
    const writing = (async () => {
      for (let round = 0; round < 20; round++) await writeAtomic(path, texts[round % 2] ?? '');
    })();
    for (let round = 0; round < 60; round++) expect(texts).toContain(await readFile(path, 'utf8'));
    await writing;
  });
});

describe('readJsonWithCopy', () => {
  it.each(['', '{"value": 1', '\0\0\0\0'])(
    'takes the last good copy when the file is torn: %j',
    async (torn) => {
      await writeWithCopy(path, '{"value":1}');
      await writeFile(path, torn);
      expect(await readJsonWithCopy(path)).toEqual({ value: { value: 1 }, fromCopy: true });
    },
  );

  it('takes the last good copy when the file is missing', async () => {
    await writeWithCopy(path, '{"value":1}');
    await rm(path);
    expect((await readJsonWithCopy(path)).fromCopy).toBe(true);
  });

  it('tells what is wrong with the file itself when there is no copy', async () => {
    await expect(readJsonWithCopy(path)).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(path, '{');
    await expect(readJsonWithCopy(path)).rejects.toThrow(SyntaxError);
    await writeFile(copyPath(path), '[');
    await expect(readJsonWithCopy(path)).rejects.toThrow(SyntaxError);
  });

  it('reads past a byte order mark', async () => {
    await writeFile(path, '\ufeff{"value":2}');
    expect((await readJsonWithCopy(path)).value).toEqual({ value: 2 });
  });

  it.skipIf(process.platform === 'win32')('does not wait for a pipe', async () => {
    await promisify(execFile)('mkfifo', [path]);
    await expect(readJsonWithCopy(path)).rejects.toMatchObject({ code: 'file.not-a-file' });
  });
});
