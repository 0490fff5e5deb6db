import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RemovedImage } from '@shared/machine/devices';
import { complaintsAbout, contentsOf, fillDisks, machineFolder } from '../../../test/helpers/snapshots';
import { hostSnapshotFiles } from '../snapshots/files';
import { JournalledFolder } from '../snapshots/journal';
import { SnapshotStore } from '../snapshots/store';
import { imagesOfDisk } from './disk-images';
import { planRemoveDisk } from './plan';

let folder: string;
let store: SnapshotStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-disk-images-'));
  store = new SnapshotStore(folder, hostSnapshotFiles());
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const firstByte = async (inner: string): Promise<number | undefined> =>
  (await contentsOf(join(folder, inner)))[0];

/** As a disk goes that its guest has let go. */
async function remove(id: string, image: RemovedImage, keepAt: string | null): Promise<void> {
  const config = await store.config();
  const disk = config.disks.find((one) => one.id === id);
  if (!disk) throw new Error(`There is no ${id}`);
  const images = await imagesOfDisk(store, disk, image);
  const operation = planRemoveDisk(config, id, images, image !== 'erase', keepAt);
  await new JournalledFolder(folder, hostSnapshotFiles()).run(operation);
}

describe('a disk that is removed while what changes is to be discarded', () => {
  it.each(['keep', 'erase'] as const)(
    'loses what changed and nothing else, and the other disk goes back (%s)',
    async (image) => {
      const { disks } = await machineFolder(folder, 2);
      await fillDisks(folder, 1, 0, 1000);
      await store.keep();
      await fillDisks(folder, 2, 0, 1000);
      const overlays = (await store.config()).disks.map(({ path }) => path);
      const keepAt = image === 'keep' ? 'disks/copy.qcow2' : null;
      await remove('disk1', image, keepAt);

      // The machine still goes back; what it would go back to is untouched, that of the removed disk as well.
      expect((await store.config()).kept?.paths).toEqual({ disk0: disks[0]?.path, disk1: disks[1]?.path });
      expect(await readdir(join(folder, 'disks'))).not.toContain(overlays[1]?.slice('disks/'.length));
      if (keepAt !== null) expect(await firstByte(keepAt)).toBe(2);
      expect(await firstByte(disks[1]?.path ?? '')).toBe(1);

      expect(await store.discard()).toBe(true);
      const after = await store.config();
      expect(after.kept).toBeUndefined();
      expect(after.disks).toEqual([disks[0]]);
      expect(await firstByte(disks[0]?.path ?? '')).toBe(1);
      expect(await firstByte(disks[1]?.path ?? '')).toBe(1);
      if (keepAt !== null) expect(await firstByte(keepAt)).toBe(2);
      const left = ['disk0.qcow2', 'disk1.qcow2', ...(keepAt === null ? [] : ['copy.qcow2'])];
      expect((await readdir(join(folder, 'disks'))).sort()).toEqual(left.sort());
      // Nobody needs what is left of it, which is shown to the person and never removed by itself.
      const unused = left.filter((name) => name !== 'disk0.qcow2');
      expect((await complaintsAbout(folder, false)).sort()).toEqual(
        unused.sort().map((name): unknown => expect.stringContaining(`disks/${name}: No disk`)),
      );
    },
  );
});
