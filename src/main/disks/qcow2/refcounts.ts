import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { Mutex } from '../async-locks';
import type { HostFile } from '../host-file';
import type { FileEnd } from './file-end';
import { limits, type Geometry } from './geometry';
import { field, type Header } from './header';
import type { MetadataMap } from './metadata-map';
import { PackedCounts } from './refcount-block';

/** A stretch of clusters of the image file. */
export interface Extent {
  /** Bytes. */
  offset: number;
  clusters: number;
  /** Nothing was ever written there, so it reads as zeros. */
  untouched: boolean;
}

interface Block {
  index: number;
  bytes: Uint8Array;
  dirty: boolean;
}

/** Blocks kept in memory; changed ones go to the file when there are more. Bytes. */
const cacheBytes = 8 * 2 ** 20;
const maxBlocks = limits.refcountTableBytes / 8;

/**
 * The reference counts of an image's clusters (qcow2 specification, "Host cluster management"), and the search
 * for free clusters. Changes stay in memory until `writeBack`; until then the dirty bit has to stand in for them.
 */
export class Refcounts {
  private readonly counts: PackedCounts;
  private readonly countsPerBlock: number;
  private readonly mutex = new Mutex();
  private readonly blocks = new Map<number, Block>();
  /** Where each block is in the file; 0 for none. */
  private offsets: number[] = [];
  private tableOffset = 0;
  private tableClusters = 0;
  /** Entries of the table that differ from the file. */
  private readonly changedEntries = new Set<number>();
  private dirtyBlocks = 0;
  /** The table that the header still points to, while a bigger one is on its way into the file. */
  private oldTable: { offset: number; clusters: number } | undefined;
  private searchFrom = 0;

  /** @param metadata learns of every table and block that is placed */
  constructor(
    private readonly file: HostFile,
    private readonly geometry: Geometry,
    private readonly metadata: MetadataMap,
    private readonly end: FileEnd,
  ) {
    this.counts = new PackedCounts(geometry.refcountBits);
    this.countsPerBlock = (geometry.clusterSize * 8) / geometry.refcountBits;
  }

  /** Reads the table of an existing image, and claims its places. @throws Failure `disk.corrupt` */
  async load(header: Header): Promise<void> {
    this.tableOffset = header.refcountTableOffset;
    this.tableClusters = header.refcountTableClusters;
    const table = new Uint8Array(this.tableClusters * this.geometry.clusterSize);
    if (table.length === 0) throw this.corrupt('it has no refcount table');
    this.metadata.claim(this.tableOffset, table.length);
    const present = await this.file.read(table, this.tableOffset);
    const view = new DataView(table.buffer);
    for (let index = 0; index * 8 + 8 <= present; index++) {
      const offset = view.getUint32(index * 8) * 2 ** 32 + view.getUint32(index * 8 + 4);
      if (offset % this.geometry.clusterSize !== 0 || !Number.isSafeInteger(offset)) {
        throw this.corrupt(`a refcount block at ${offset}`);
      }
      this.offsets.push(offset);
      if (offset !== 0) this.metadata.claim(offset, this.geometry.clusterSize);
    }
    while (this.offsets.at(-1) === 0) this.offsets.pop();
  }

  /** Free clusters are looked for from here on (an offset in bytes). */
  searchFromOffset(offset: number): void {
    this.searchFrom = Math.ceil(offset / this.geometry.clusterSize);
  }

  /** The reference count of the cluster at `offset`. */
  async at(offset: number): Promise<number> {
    return this.mutex.run(() => this.get(offset / this.geometry.clusterSize));
  }

  /** Counts one more reference to every cluster that the range touches. @returns the highest count among them */
  addReferences(offset: number, length: number): Promise<number> {
    return this.mutex.run(async () => {
      let highest = 0;
      const { clusterSize } = this.geometry;
      const end = Math.ceil((offset + length) / clusterSize);
      for (let cluster = Math.floor(offset / clusterSize); cluster < end; cluster++) {
        const count = (await this.get(cluster)) + 1;
        await this.set(cluster, count);
        highest = Math.max(highest, count);
      }
      return highest;
    });
  }

  /** Takes one reference from every cluster that the range touches. */
  dropReferences(offset: number, length: number): Promise<void> {
    return this.mutex.run(() => this.drop(offset, length));
  }

  /** Takes up to `wanted` free clusters that follow one another. */
  allocate(wanted: number): Promise<Extent> {
    return this.mutex.run(async () => {
      if (this.dirtyBytes > cacheBytes) await this.writeBackLocked();
      return this.take(1, wanted);
    });
  }

  /** Takes exactly `clusters` free clusters that follow one another. */
  allocateExactly(clusters: number): Promise<Extent> {
    return this.mutex.run(() => this.take(clusters, clusters));
  }

  /**
   * Writes all changes to the file. At every moment of it, the blocks that the table in force points to are
   * whole: blocks go first, the entries that point to them follow after a barrier.
   */
  writeBack(): Promise<void> {
    return this.mutex.run(() => this.writeBackLocked());
  }

  private async take(least: number, most: number): Promise<Extent> {
    let first = this.searchFrom;
    for (;;) {
      first = await this.nextFree(first);
      let clusters = 1;
      while (clusters < most && (await this.get(first + clusters)) === 0) clusters++;
      if (clusters < least) {
        first += clusters;
        continue;
      }
      const offset = first * this.geometry.clusterSize;
      const length = clusters * this.geometry.clusterSize;
      this.metadata.refuseOverlap(offset, length);
      // All growth of the file happens under this mutex, so that none can cut what another has written.
      const untouched = await this.end.cover(offset, length);
      for (let i = 0; i < clusters; i++) await this.set(first + i, 1);
      // After a search for a long stretch, the short ones before it are still there.
      if (least === 1) this.searchFrom = first + clusters;
      return { offset, clusters, untouched };
    }
  }

  private async nextFree(from: number): Promise<number> {
    let cluster = from;
    for (;;) {
      const block = await this.block(Math.floor(cluster / this.countsPerBlock));
      if (block === undefined) return cluster;
      let index = cluster % this.countsPerBlock;
      while (index < this.countsPerBlock && this.counts.get(block.bytes, index) !== 0) index++;
      cluster = block.index * this.countsPerBlock + index;
      if (index < this.countsPerBlock) return cluster;
    }
  }

  private async get(cluster: number): Promise<number> {
    const block = await this.block(Math.floor(cluster / this.countsPerBlock));
    return block === undefined ? 0 : this.counts.get(block.bytes, cluster % this.countsPerBlock);
  }

  private async set(cluster: number, count: number): Promise<void> {
    if (count > this.counts.max) {
      throw new Failure('disk.unsupported', phrase('image.narrowCounts', { path: this.file.path }));
    }
    const index = Math.floor(cluster / this.countsPerBlock);
    const block = (await this.block(index)) ?? this.newBlock(index);
    this.counts.set(block.bytes, cluster % this.countsPerBlock, count);
    if (!block.dirty) this.dirtyBlocks++;
    block.dirty = true;
  }

  private async drop(offset: number, length: number): Promise<void> {
    const { clusterSize } = this.geometry;
    const end = Math.ceil((offset + length) / clusterSize);
    for (let cluster = Math.floor(offset / clusterSize); cluster < end; cluster++) {
      const count = await this.get(cluster);
      // A count of 0 was wrong before; a leak is harmless, a cluster given away twice is not.
      if (count === 0) continue;
      await this.set(cluster, count - 1);
      if (count === 1) this.searchFrom = Math.min(this.searchFrom, cluster);
    }
  }

  private newBlock(index: number): Block {
    if (index >= maxBlocks) {
      throw new Failure('disk.unsupported', phrase('image.outgrown', { path: this.file.path }), {
        hint: phrase('image.biggerHint'),
      });
    }
    while (this.offsets.length <= index) this.offsets.push(0);
    const block = { index, bytes: new Uint8Array(this.geometry.clusterSize), dirty: true };
    this.blocks.set(index, block);
    this.dirtyBlocks++;
    return block;
  }

  private async block(index: number): Promise<Block | undefined> {
    const cached = this.blocks.get(index);
    if (cached !== undefined) return cached;
    const offset = this.offsets[index] ?? 0;
    if (offset === 0) return undefined;
    const bytes = new Uint8Array(this.geometry.clusterSize);
    const length = await this.file.read(bytes, offset);
    if (length === 0) throw this.corrupt('a refcount block lies behind the end of the file');
    const block = { index, bytes, dirty: false };
    this.evict();
    this.blocks.set(index, block);
    return block;
  }

  private evict(): void {
    const room = Math.max(2, cacheBytes / this.geometry.clusterSize);
    if (this.blocks.size < room) return;
    for (const [index, block] of this.blocks) {
      if (block.dirty) continue;
      this.blocks.delete(index);
      if (this.blocks.size < room) return;
    }
  }

  /** Bytes of blocks that `evict` cannot remove. */
  get dirtyBytes(): number {
    return this.dirtyBlocks * this.geometry.clusterSize;
  }

  private async writeBackLocked(): Promise<void> {
    await this.placeBlocks();
    const wrote = await this.writeDirtyBlocks();
    if (this.oldTable !== undefined) {
      await this.writeWholeTable();
      const { offset, clusters } = this.oldTable;
      this.oldTable = undefined;
      this.metadata.remove(offset, clusters * this.geometry.clusterSize);
      await this.drop(offset, clusters * this.geometry.clusterSize);
      await this.writeDirtyBlocks();
    } else if (this.changedEntries.size > 0) {
      if (wrote) await this.file.datasync();
      for (const index of this.changedEntries) {
        await this.file.write(encodeOffsets([this.offsets[index] ?? 0]), this.tableOffset + index * 8);
      }
    }
    this.changedEntries.clear();
  }

  /** Gives every block a place in the file, and the table a bigger one if it needs it. */
  private async placeBlocks(): Promise<void> {
    const { clusterSize } = this.geometry;
    for (;;) {
      const homeless = [...this.blocks.values()].find((block) => this.offsets[block.index] === 0);
      if (homeless !== undefined) {
        // The count of its own cluster may stand in the block itself, or make another one necessary.
        const { offset } = await this.take(1, 1);
        this.offsets[homeless.index] = offset;
        this.changedEntries.add(homeless.index);
        this.metadata.add(offset, clusterSize);
      } else if (this.offsets.length * 8 > this.tableClusters * clusterSize) {
        await this.moveTable();
      } else {
        return;
      }
    }
  }

  private async moveTable(): Promise<void> {
    const { clusterSize } = this.geometry;
    const current = { offset: this.tableOffset, clusters: this.tableClusters };
    // Half as much again, so that it does not move often.
    const clusters = Math.ceil((Math.min(this.offsets.length * 1.5, maxBlocks) * 8) / clusterSize);
    this.tableOffset = (await this.take(clusters, clusters)).offset;
    this.tableClusters = clusters;
    this.metadata.add(this.tableOffset, clusters * clusterSize);
    if (this.oldTable === undefined) {
      this.oldTable = current;
    } else {
      // It has moved before without reaching the header.
      this.metadata.remove(current.offset, current.clusters * clusterSize);
      await this.drop(current.offset, current.clusters * clusterSize);
    }
  }

  private async writeDirtyBlocks(): Promise<boolean> {
    let written = false;
    for (const block of this.blocks.values()) {
      if (!block.dirty) continue;
      await this.file.write(block.bytes, this.offsets[block.index] ?? 0);
      block.dirty = false;
      this.dirtyBlocks--;
      written = true;
    }
    return written;
  }

  private async writeWholeTable(): Promise<void> {
    const table = new Uint8Array(this.tableClusters * this.geometry.clusterSize);
    table.set(encodeOffsets(this.offsets));
    await this.file.write(table, this.tableOffset);
    await this.file.datasync();
    const place = new Uint8Array(12);
    place.set(encodeOffsets([this.tableOffset]));
    new DataView(place.buffer).setUint32(8, this.tableClusters);
    await this.file.write(place, field.refcountTable);
    await this.file.datasync();
  }

  private corrupt(what: string): Failure {
    return new Failure('disk.corrupt', phrase('image.damaged', { path: this.file.path, what }));
  }
}

function encodeOffsets(offsets: number[]): Uint8Array {
  const bytes = new Uint8Array(offsets.length * 8);
  const view = new DataView(bytes.buffer);
  offsets.forEach((offset, index) => {
    view.setUint32(index * 8, Math.floor(offset / 2 ** 32));
    view.setUint32(index * 8 + 4, offset % 2 ** 32);
  });
  return bytes;
}
