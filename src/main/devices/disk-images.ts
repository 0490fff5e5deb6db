import { Failure } from '@shared/errors';
import type { DiskConfig } from '@shared/machine/config';
import type { RemovedImage } from '@shared/machine/devices';
import { phrase } from '@shared/phrases/phrase';
import { chainOf } from '../disks/chain/chain';
import { imagesOf, keptImages } from '../snapshots/plan-delete';
import { inFolder } from '../snapshots/record';
import type { SnapshotStore } from '../snapshots/store';
import type { DiskImages } from './plan';

/**
 * What a machine's disk consists of, and what of that nothing else needs: no snapshot, and no state that the machine
 * goes back to at power-off.
 *
 * @param image what is to become of it
 * @throws Failure `snapshot.broken`, `disk.unsupported` for what cannot be dealt with as is wanted
 */
export async function imagesOfDisk(
  store: SnapshotStore,
  disk: DiskConfig,
  image: RemovedImage,
): Promise<DiskImages> {
  const { records, broken } = await store.usableRecords();
  const all = await chainOf(inFolder(store.folder, disk.path));
  const inner = await store.innerChain(disk.path);
  // One that is based on an image elsewhere is kept as it is.
  const chain = all.length === inner.length ? inner : [disk.path];
  if (broken.length > 0 && (image !== 'keep' || chain.length > 1)) {
    throw new Failure('snapshot.broken', phrase('devices.brokenSnapshot'), {
      hint: phrase('devices.brokenSnapshotHint'),
    });
  }
  const needed = new Set([
    ...records.flatMap((record) => [...imagesOf(record), ...(record.base ?? [])]),
    ...keptImages((await store.config()).kept),
  ]);
  const first = chain.findIndex((path) => needed.has(path));
  return { chain, own: first < 0 ? chain : chain.slice(0, first) };
}
