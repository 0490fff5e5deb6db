import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentsOf, fillDisks, machineFolder, takeOptions } from '../../../test/helpers/snapshots';
import { buildFull, pinSource } from './build';
import { hostCloneFiles } from './files';
import { readSource, storeIn } from './source';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vivarium-build-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const identity = {
  id: 'clone00000000000',
  name: 'Clone',
  created: '2026-02-02T00:00:00.000Z',
  macs: new Map<string, string>(),
  origin: { machine: 'original00000000', name: 'Original', snapshot: null, linked: false },
};
const control = { signal: new AbortController().signal, progress: () => {} };

describe('a full clone of what is frozen', () => {
  it('has disks and firmware of that moment, whatever becomes of the other machine meanwhile', async () => {
    const [original, clone] = [join(root, 'original'), join(root, 'clone')];
    await machineFolder(original);
    await mkdir(join(original, 'firmware'));
    const variables = join('firmware', 'variables.fd');
    await writeFile(join(original, variables), 'of then');
    await fillDisks(original, 7, 0, 5000);
    const snapshot = await storeIn(original).take({ ...takeOptions, name: 'frozen' }, false);

    for (const wanted of [snapshot, null]) {
      await mkdir(join(clone, 'disks'), { recursive: true });
      const files = hostCloneFiles();
      const pinned = await pinSource(await readSource(original, wanted), join(clone, 'source'), files);
      expect(pinned).toBeDefined();
      if (!pinned) return;
      // The machine is started, or the snapshot deleted, while the images are copied.
      await writeFile(join(original, variables), 'of later');
      if (wanted !== null) await rm(join(original, 'snapshots', snapshot, 'firmware'), { recursive: true });
      await buildFull(clone, pinned, identity, files, control);
      expect(await readFile(join(clone, variables), 'utf8')).toBe('of then');
      expect((await contentsOf(join(clone, 'disks', 'disk0.qcow2')))[4999]).toBe(7);
      await rm(clone, { recursive: true });
      await writeFile(join(original, variables), 'of then');
    }
  });
});
