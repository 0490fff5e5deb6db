import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/helpers/temp-folder';
import { machineNames } from './machine-names';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder('names');
});
afterEach(() => folder.remove());

async function machine(at: string, config: string): Promise<string> {
  const path = join(folder.path, at);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'machine.json'), config);
  return path;
}

it('has the names that stand in the files of machines, wherever these are', async () => {
  await machine('machines/b', '{"name":"Beta"}');
  await machine('machines/a', '{"name":"Alpha of “here”"}');
  await machine('machines/torn', '{"name":');
  await machine('machines/odd', '{"name":{"x":1}}');
  await machine('machines/.creating-c', '{"name":"Not yet"}');
  const elsewhere = await machine('elsewhere', '{"name":"Gamma"}');
  const opened = [{ folder: elsewhere, id: 'abcdefgh01234567', name: 'was called otherwise' }];
  await writeFile(join(folder.path, 'library.json'), JSON.stringify({ schema: 1, opened, hidden: [] }));
  expect(await machineNames(folder.path)).toEqual(['Alpha of “here”', 'Beta', 'Gamma']);
});
