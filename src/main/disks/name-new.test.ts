import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameNew, refuseExisting } from './name-new';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-name-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);

describe('the name of a new file', () => {
  it('is its only one', async () => {
    await writeFile(at('made.part'), 'new');
    await nameNew(at('made.part'), at('made'));
    expect(await readdir(folder)).toEqual(['made']);
    expect(await readFile(at('made'), 'utf8')).toBe('new');
  });

  it('is never taken from another file, nor from a link that leads nowhere', async () => {
    await writeFile(at('made.part'), 'new');
    await writeFile(at('there'), 'old');
    await symlink('nowhere', at('link'));
    for (const name of ['there', 'link']) {
      await expect(nameNew(at('made.part'), at(name))).rejects.toMatchObject({ code: 'file.exists' });
      await expect(refuseExisting(at(name))).rejects.toMatchObject({ code: 'file.exists' });
    }
    expect(await readFile(at('there'), 'utf8')).toBe('old');
    expect(await readFile(at('made.part'), 'utf8')).toBe('new');
    expect((await readdir(folder)).sort()).toEqual(['link', 'made.part', 'there']);
  });
});
