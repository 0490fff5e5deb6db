import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { HostFile } from '../host-file';
import type { Header } from './header';
import type { L1Table } from './l1-table';
import type { Refcounts } from './refcounts';
import { decodeL2, encodePlace } from './table-entry';

/** Counts in memory while they have no place in the file yet. Bytes. */
const maxMemory = 256 * 2 ** 20;

/**
 * Counts anew which clusters of an image are in use, for an image that was not closed. `refcounts` must be empty;
 * it is left with all counts and written back. Nothing of the image that is in use is overwritten, so that an
 * interruption leaves it as it was.
 *
 * @throws Failure `disk.corrupt` where two guest clusters share one place
 */
export async function rebuildRefcounts(
  file: HostFile,
  header: Header,
  l1: L1Table,
  refcounts: Refcounts,
): Promise<void> {
  const { geometry } = header;
  const { clusterSize } = geometry;
  const fileSize = await file.size();
  await refcounts.addReferences(0, clusterSize);
  if (l1.entries > 0) await count(l1.offset, l1.byteLength);
  for (let l1Index = 0; l1Index < l1.entries; l1Index++) {
    const place = l1.get(l1Index);
    if (place === undefined) continue;
    await count(place.offset, clusterSize);
    await countTable(place.offset);
    if (!place.copied) {
      l1.set(l1Index, place.offset);
      await l1.writeEntry(l1Index);
    }
  }
  // The old table and blocks are left alone until the header points to the new ones.
  refcounts.searchFromOffset(fileSize);
  await refcounts.writeBack();
  refcounts.searchFromOffset(0);

  async function countTable(offset: number): Promise<void> {
    const bytes = new Uint8Array(clusterSize);
    if ((await file.read(bytes, offset)) < clusterSize) throw truncated();
    const view = new DataView(bytes.buffer);
    let changed = false;
    for (let index = 0; index < geometry.l2Entries; index++) {
      const cluster = decodeL2(view, index, geometry);
      if (cluster.kind === 'unallocated' || cluster.offset === 0) continue;
      if (cluster.kind === 'compressed') {
        // Compressed clusters are packed: several share one cluster of the file.
        await count(cluster.offset, Math.min(cluster.length, fileSize - cluster.offset), true);
      } else {
        await count(cluster.offset, clusterSize);
        if (cluster.copied) continue;
        // It has one reference, which makes it ours to write to.
        encodePlace(view, index, cluster.offset, cluster.kind === 'zero');
        changed = true;
      }
    }
    if (changed) await file.write(bytes, offset);
  }

  async function count(offset: number, length: number, shared = false): Promise<void> {
    if (length <= 0 || offset >= fileSize) throw truncated();
    const highest = await refcounts.addReferences(offset, length);
    if (highest > 1 && !shared) {
      throw new Failure('disk.corrupt', phrase('image.clusterTwice', { path: file.path, offset }));
    }
    if (refcounts.dirtyBytes <= maxMemory) return;
    throw new Failure('disk.unsupported', phrase('image.tooBigToRepair', { path: file.path }), {
      hint: phrase('image.repairHint'),
    });
  }

  function truncated(): Failure {
    return new Failure('medium.truncated', phrase('image.endsEarly', { path: file.path }));
  }
}
