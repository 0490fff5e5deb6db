import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { HostFile } from '../host-file';
import type { DirtyBit } from './dirty-bit';
import type { FileEnd } from './file-end';
import { roundUp, type Geometry } from './geometry';
import type { L1Table } from './l1-table';
import type { L2Table, L2Tables } from './l2-tables';
import type { MetadataMap } from './metadata-map';
import type { Freed, Publisher } from './publisher';
import type { Reader } from './reader';
import type { Extent, Refcounts } from './refcounts';
import { decodeL2, encodePlace, type Cluster } from './table-entry';

/** Most bytes that one allocation covers, which bounds the buffer that joins old and new data. */
const maxRunBytes = 4 * 2 ** 20;

export interface WriterParts {
  file: HostFile;
  geometry: Geometry;
  l1: () => L1Table;
  tables: L2Tables;
  refcounts: Refcounts;
  metadata: MetadataMap;
  publisher: Publisher;
  reader: Reader;
  dirtyBit: DirtyBit;
  end: FileEnd;
  /** Virtual size in bytes. */
  size: () => number;
}

/** A stretch of guest clusters within one L2 table. */
interface Stretch {
  l1Index: number;
  /** Index of the first one in its L2 table. */
  first: number;
  clusters: number;
  /** Guest offset of the first one, in bytes. */
  start: number;
  /** What was there. */
  old: Cluster[];
}

/**
 * Writes guest data. Clusters that the image owns alone are overwritten in place; everything else goes to a new
 * cluster, and the table entry that leads to it changes in memory when its data has been written. The caller
 * holds the guest clusters concerned.
 */
export class Writer {
  constructor(private readonly parts: WriterParts) {}

  async write(offset: number, data: Uint8Array): Promise<void> {
    const { geometry, tables, publisher } = this.parts;
    const end = offset + data.length;
    for (let position = offset; position < end;) {
      publisher.refuseAfterLoss();
      const l1Index = Math.floor(position / geometry.l2Coverage);
      const table = await tables.get(l1Index);
      const stretch = this.stretchAt(l1Index, table, position, end);
      const done = this.inPlace(stretch.old[0], l1Index)
        ? await this.overwrite(stretch, position, end, data.subarray(position - offset))
        : await this.writeNew(stretch, position, end, data.subarray(position - offset));
      position = done;
    }
    // What stays in memory is bounded; the one who wrote too much pays for its publication.
    if (tables.crowded) await publisher.publish();
  }

  /** Makes whole clusters read as zeros without writing data (version 3 only). */
  writeZeroClusters(offset: number, length: number): Promise<void> {
    return this.giveBack(offset, length, true, (old) => !isZeroWithoutPlace(old));
  }

  /**
   * Gives whole clusters back; they read as zeros then. Version 2 has no zero clusters: there, an image with a
   * backing file, which would show, keeps what it has, as with QEMU.
   */
  discard(offset: number, length: number): Promise<void> {
    const { geometry, reader } = this.parts;
    const zero = geometry.version === 3;
    return this.giveBack(offset, length, zero, (old, start) => {
      if (old.kind === 'unallocated' && reader.isZeroBeyond(start)) return false;
      return zero ? !isZeroWithoutPlace(old) : reader.isZeroBeyond(0);
    });
  }

  /**
   * Takes the places of whole clusters away. They can be taken again only when the changed entries are durable, so
   * that a crash never finds an entry that leads to what belongs to somebody else.
   *
   * @param zero whether they become zero clusters, or else unallocated
   * @param chosen says which ones, by what is there and where it is in the disk (bytes)
   */
  private async giveBack(
    offset: number,
    length: number,
    zero: boolean,
    chosen: (old: Cluster, start: number) => boolean,
  ): Promise<void> {
    const { geometry, tables, publisher, dirtyBit } = this.parts;
    const { clusterSize, l2Coverage } = geometry;
    for (let position = offset; position < offset + length;) {
      publisher.refuseAfterLoss();
      const l1Index = Math.floor(position / l2Coverage);
      const end = Math.min(offset + length, (l1Index + 1) * l2Coverage);
      const table = await tables.get(l1Index);
      // Where nothing is below one cluster, nothing is below the next either.
      if (table === undefined && !chosen({ kind: 'unallocated' }, position)) {
        position = end;
        continue;
      }
      const indexes: number[] = [];
      for (; position < end; position += clusterSize) {
        const index = (position % l2Coverage) / clusterSize;
        if (chosen(clusterIn(table, index, geometry), position)) indexes.push(index);
      }
      const [first] = indexes;
      if (first === undefined) continue;
      await dirtyBit.set();
      let freed: Freed[] = [];
      await tables.update(l1Index, first, (indexes.at(-1) ?? first) + 1, (view) => {
        freed = indexes.flatMap((index) => placesOf(decodeL2(view, index, geometry), geometry));
        for (const index of indexes) encodePlace(view, index, 0, zero);
      });
      freed.forEach((range) => publisher.freeLater(range));
      if (tables.crowded) await publisher.publish();
    }
  }

  /** The clusters from `position` on that are to be treated alike. */
  private stretchAt(l1Index: number, table: L2Table | undefined, position: number, end: number): Stretch {
    const { geometry } = this.parts;
    const { clusterSize, l2Coverage, l2Entries } = geometry;
    const first = Math.floor((position % l2Coverage) / clusterSize);
    const start = l1Index * l2Coverage + first * clusterSize;
    const wanted = Math.min(l2Entries - first, Math.ceil((end - start) / clusterSize));
    const look = (index: number): Cluster => clusterIn(table, index, geometry);
    const old = [look(first)];
    const inPlace = this.inPlace(old[0], l1Index);
    const most = inPlace ? wanted : Math.min(wanted, Math.max(1, maxRunBytes / clusterSize));
    while (old.length < most) {
      const next = look(first + old.length);
      if (this.inPlace(next, l1Index) !== inPlace || (inPlace && !follows(old.at(-1), next, clusterSize)))
        break;
      old.push(next);
    }
    return { l1Index, first, start, clusters: old.length, old };
  }

  private inPlace(cluster: Cluster | undefined, l1Index: number): boolean {
    return cluster?.kind === 'data' && cluster.copied && this.parts.l1().get(l1Index)?.copied === true;
  }

  private async overwrite(stretch: Stretch, from: number, end: number, data: Uint8Array): Promise<number> {
    const { file, geometry, metadata, end: fileEnd } = this.parts;
    const cluster = stretch.old[0];
    if (cluster?.kind !== 'data') throw new Failure('internal', 'Only data clusters can be overwritten');
    const length = stretch.clusters * geometry.clusterSize;
    metadata.refuseOverlap(cluster.offset, length);
    if (cluster.offset + length > roundUp(fileEnd.size, geometry.clusterSize)) {
      throw new Failure('medium.truncated', phrase('image.endsEarly', { path: file.path }));
    }
    const to = Math.min(end, stretch.start + length);
    await file.write(data.subarray(0, to - from), cluster.offset + (from - stretch.start));
    return to;
  }

  private async writeNew(stretch: Stretch, from: number, end: number, data: Uint8Array): Promise<number> {
    const { geometry, tables, refcounts, publisher, dirtyBit } = this.parts;
    await dirtyBit.set();
    const extent = await refcounts.allocate(stretch.clusters);
    const to = Math.min(end, stretch.start + extent.clusters * geometry.clusterSize);
    try {
      await this.fill(extent, stretch, from, data.subarray(0, to - from));
      await tables.update(stretch.l1Index, stretch.first, stretch.first + extent.clusters, (view) => {
        for (let i = 0; i < extent.clusters; i++) {
          encodePlace(view, stretch.first + i, extent.offset + i * geometry.clusterSize);
        }
      });
    } catch (error) {
      // Nothing points to the new clusters, so they can be taken again at once.
      await refcounts.dropReferences(extent.offset, extent.clusters * geometry.clusterSize);
      throw error;
    }
    for (const cluster of stretch.old.slice(0, extent.clusters)) {
      placesOf(cluster, geometry).forEach((range) => publisher.freeLater(range));
    }
    return to;
  }

  /** Writes new clusters: the data, and around it what was there before. */
  private async fill(extent: Extent, stretch: Stretch, from: number, data: Uint8Array): Promise<void> {
    const { file, geometry, reader, size } = this.parts;
    const length = extent.clusters * geometry.clusterSize;
    const head = from - stretch.start;
    const tail = length - head - data.length;
    if (head === 0 && tail === 0) return file.write(data, extent.offset);
    const zeros = (cluster: Cluster | undefined): boolean =>
      cluster?.kind === 'zero' || (cluster?.kind === 'unallocated' && reader.isZeroBeyond(stretch.start));
    const around = [
      ...(head > 0 ? [stretch.old[0]] : []),
      ...(tail > 0 ? [stretch.old[extent.clusters - 1]] : []),
    ];
    if (extent.untouched && around.every(zeros)) return file.write(data, extent.offset + head);

    const whole = new Uint8Array(length);
    whole.set(data, head);
    if (head > 0) await reader.readInto(whole.subarray(0, head), stretch.start);
    const behind = from + data.length;
    const tailLength = Math.min(tail, Math.max(0, size() - behind));
    if (tailLength > 0) {
      await reader.readInto(whole.subarray(head + data.length, head + data.length + tailLength), behind);
    }
    await file.write(whole, extent.offset);
  }
}

function follows(before: Cluster | undefined, cluster: Cluster, clusterSize: number): boolean {
  return before?.kind === 'data' && cluster.kind === 'data' && cluster.offset === before.offset + clusterSize;
}

function clusterIn(table: L2Table | undefined, index: number, geometry: Geometry): Cluster {
  return table === undefined ? { kind: 'unallocated' } : decodeL2(table.view, index, geometry);
}

function isZeroWithoutPlace(cluster: Cluster): boolean {
  return cluster.kind === 'zero' && cluster.offset === 0;
}

/** The places in the file that an entry refers to. */
function placesOf(cluster: Cluster, geometry: Geometry): Freed[] {
  if (cluster.kind === 'unallocated' || cluster.offset === 0) return [];
  const length = cluster.kind === 'compressed' ? cluster.length : geometry.clusterSize;
  return [{ offset: cluster.offset, length }];
}
