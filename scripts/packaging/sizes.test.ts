import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/helpers/temp-folder';
import { measureArtefacts, sizeTable } from './sizes.mjs';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder('sizes');
});
afterEach(() => folder.remove());

it('holds every artefact to its own budget, and passes over what is none', async () => {
  await mkdir(path.join(folder.path, 'linux-unpacked', 'resources'), { recursive: true });
  const files = {
    'linux-unpacked/vivarium': 1,
    'linux-unpacked/resources/app.asar': 2,
    'vivarium-1.0.0-linux-x64.tar.gz': 2,
    'vivarium_1.0.0_amd64.deb': 3,
    'builder-debug.yml': 5,
  };
  for (const [name, mebibytes] of Object.entries(files)) {
    await writeFile(path.join(folder.path, name), Buffer.alloc(mebibytes * 1024 * 1024));
  }
  const artefacts = measureArtefacts(folder.path, { deb: 2, 'tar.gz': 2, unpacked: 4 });
  expect(artefacts).toEqual([
    { name: 'linux-unpacked', size: 3, budget: 4 },
    { name: 'vivarium_1.0.0_amd64.deb', size: 3, budget: 2 },
    { name: 'vivarium-1.0.0-linux-x64.tar.gz', size: 2, budget: 2 },
  ]);
  expect(sizeTable(artefacts).map((line: string) => line.endsWith('TOO BIG'))).toEqual([false, true, false]);
  expect(measureArtefacts(folder.path, { deb: 2 }, Date.now() + 60_000)).toEqual([]);
});
