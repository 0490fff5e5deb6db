import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { moveFile } from './move';

/** Where Linux has a file system in memory, which is another one than that of temporary files. */
const elsewhere = '/dev/shm';
const device = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ dev }) => dev,
    () => undefined,
  );
const other = await device(elsewhere);
const isOther = other !== undefined && other !== (await device(tmpdir()));

describe.skipIf(!isOther)('a file that is moved to another drive', () => {
  let from: string;
  let to: string;
  beforeEach(async () => {
    from = await mkdtemp(join(tmpdir(), 'vivarium-move-'));
    to = await mkdtemp(join(elsewhere, 'vivarium-move-'));
    await writeFile(join(from, 'disk'), 'ours');
  });
  afterEach(async () => {
    for (const folder of [from, to]) await rm(folder, { recursive: true, force: true });
  });

  it('is there, and no longer here, when whoever uses it was told', async () => {
    const seen: string[][] = [];
    await moveFile(join(from, 'disk'), join(to, 'disk'), {
      copy: (path) => copyFile(join(from, 'disk'), path),
      switchOver: async () => void seen.push(await readdir(from), await readdir(to)),
    });
    expect(seen).toEqual([['disk'], ['disk']]);
    expect(await readdir(from)).toEqual([]);
    expect(await readFile(join(to, 'disk'), 'utf8')).toBe('ours');
  });

  it('stays where it is when something has come to its place while it was copied, which stays, too', async () => {
    let isSwitched = false;
    const moving = moveFile(join(from, 'disk'), join(to, 'disk'), {
      copy: async (path) => {
        await copyFile(join(from, 'disk'), path);
        await writeFile(join(to, 'disk'), 'theirs');
      },
      switchOver: async () => void (isSwitched = true),
    });
    await expect(moving).rejects.toMatchObject({ code: 'file.exists' });
    expect(isSwitched).toBe(false);
    expect(await readdir(to)).toEqual(['disk']);
    expect(await readFile(join(to, 'disk'), 'utf8')).toBe('theirs');
    expect(await readFile(join(from, 'disk'), 'utf8')).toBe('ours');
  });
});
