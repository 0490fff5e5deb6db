import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  complaintsAbout,
  contentsOf,
  fillDisks,
  machineFolder,
  takeOptions,
} from '../../../test/helpers/snapshots';
import { openQcow2 } from '../disks/qcow2/open';
import { hostSnapshotFiles } from './files';
import { SnapshotStore } from './store';

/** What a running machine has taken over goes, whoever dies between that and the removal; and nothing else does. */

let folder: string;
let store: SnapshotStore;
let ids: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merge-note-'));
  await machineFolder(folder, 2);
  store = new SnapshotStore(folder, hostSnapshotFiles());
  ids = [];
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    await fillDisks(folder, index + 1, index * 70_000, 90_000);
    ids.push(await store.take({ ...takeOptions, name }, false));
  }
  await fillDisks(folder, 9, 300_000, 1000);
  // While the machine runs.
  await store.delete(await store.planDelete(ids.slice(1), true));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const imagePaths = async (): Promise<string[]> =>
  (await store.config()).disks.map(({ path }) => join(folder, path));
const digests = async (): Promise<string[]> => {
  const hash = async (path: string): Promise<string> =>
    createHash('sha256')
      .update(await contentsOf(path))
      .digest('hex');
  return Promise.all((await imagePaths()).map(hash));
};
const images = async (): Promise<number> => (await readdir(join(folder, 'disks'))).length;

it('says what the machine has to merge, notes it, and removes what has been merged', async () => {
  const before = await digests();
  const { waiting, operation } = await store.planDelete([], true);
  expect(operation.commit).toEqual([]);
  expect(waiting).toHaveLength(2);
  expect(waiting.map(({ layers }) => layers.length)).toEqual([3, 3]);
  expect(await images()).toBe(8);
  await store.noteMerges(waiting);
  // Its process merges the first disk, and dies.
  const [first = ''] = await imagePaths();
  const disk = await openQcow2(first, { readOnly: false });
  await disk.pull(basename(waiting[0]?.below ?? ''));
  await disk.close();
  expect(await complaintsAbout(folder)).toEqual([]);
  const { freed } = await store.measure(await store.planDelete([], true), []);
  expect(freed).toBeGreaterThan(2 * 65536);

  await store.removeMerged();
  expect(await images()).toBe(6);
  expect(await readdir(folder)).not.toContain('merging.json');
  expect(await complaintsAbout(folder)).toEqual([]);
  // The other one is merged when the machine is off.
  await store.delete(await store.planDelete([], false));
  expect(await images()).toBe(4);
  expect(await complaintsAbout(folder)).toEqual([]);
  expect(await digests()).toEqual(before);
});

it('removes nothing that somebody needs, whatever the note says', async () => {
  const all = (await store.config()).disks.flatMap(({ path }) => path);
  const chains = (await Promise.all(all.map((path) => store.innerChain(path)))).flat();
  await store.noteMerges([{ layers: ['', ...chains], below: null }]);
  await store.removeMerged();
  expect(await images()).toBe(8);
  await store.noteMerges([{ layers: ['', ...chains], below: null }]);
  await store.delete(await store.planDelete([], true));
  expect(await images()).toBe(8);
  await writeFile(join(folder, 'merging.json'), '{"schema":1,"images":["../elsewhere"]}');
  await expect(store.planDelete([], true)).rejects.toMatchObject({ code: 'snapshot.broken' });
});
