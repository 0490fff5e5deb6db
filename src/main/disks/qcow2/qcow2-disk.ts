import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { RangeLock } from '../async-locks';
import type { BlockDevice, PullOptions } from '../block-device';
import type { HostFile } from '../host-file';
import { checkRange, closedFailure, readOnlyFailure } from '../request';
import { CompressedClusters } from './compressed';
import { DirtyBit } from './dirty-bit';
import { FileEnd } from './file-end';
import { roundUp } from './geometry';
import { field, type Header } from './header';
import { L1Table } from './l1-table';
import { L2Tables } from './l2-tables';
import { MetadataMap } from './metadata-map';
import { Publisher } from './publisher';
import { type Basis, imagesBetween, type Layer, pullLayers } from './pull';
import { Reader } from './reader';
import { decodeL2 } from './table-entry';
import { rebuildRefcounts } from './rebuild';
import { Refcounts } from './refcounts';
import { growImage, type ResizeParts, shrinkImage } from './resize';
import { Writer } from './writer';

/** The parts that only an image open for writing has. */
interface Writable {
  refcounts: Refcounts;
  metadata: MetadataMap;
  publisher: Publisher;
  dirtyBit: DirtyBit;
  end: FileEnd;
  writer: Writer;
}

/** A part of a disk, in bytes. */
export interface Stretch {
  offset: number;
  length: number;
}

/** An open qcow2 image, as `openQcow2` gives it. */
export class Qcow2Disk implements Layer {
  private readonly locks = new RangeLock();
  private readonly tables: L2Tables;
  private readonly reader: Reader;
  private writable: Writable | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly file: HostFile,
    private readonly header: Header,
    private l1: L1Table,
    private below: Basis | undefined,
    private readonly end: FileEnd,
  ) {
    const { geometry } = header;
    const currentL1 = (): L1Table => this.l1;
    this.tables = new L2Tables(file, geometry, currentL1, {
      allocateTable: () => this.allocateTable(),
      freeTable: (offset) => this.freeTable(offset),
    });
    const compressed = new CompressedClusters(file, geometry, header.compression);
    const backing = (): BlockDevice | undefined => this.below?.device;
    this.reader = new Reader(file, geometry, this.tables, compressed, backing, () => end.size);
  }

  /** For `openQcow2File`, which closes the files if this fails. */
  static async open(
    file: HostFile,
    header: Header,
    basis: Basis | undefined,
    readOnly: boolean,
  ): Promise<Qcow2Disk> {
    const l1 = await L1Table.load(file, header);
    const end = new FileEnd(file, header.geometry.clusterSize, await file.size());
    const disk = new Qcow2Disk(file, header, l1, basis, end);
    if (!readOnly) await disk.prepareWriting();
    return disk;
  }

  /** Virtual size in bytes. */
  get size(): number {
    return this.header.size;
  }

  get path(): string {
    return this.file.path;
  }

  /** In bytes. */
  get clusterSize(): number {
    return this.header.geometry.clusterSize;
  }

  /** What it is based on; undefined for nothing. */
  get basis(): Basis | undefined {
    return this.below;
  }

  /** See `Layer`. */
  leaveBasis(): void {
    this.below = undefined;
  }

  get readOnly(): boolean {
    return this.writable === undefined;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.check(offset, length);
    const data = new Uint8Array(length);
    await this.readInto(offset, data);
    return data;
  }

  async readInto(offset: number, into: Uint8Array): Promise<void> {
    this.check(offset, into.length);
    if (into.length === 0) return;
    await this.holding(offset, into.length, false, () => this.reader.readInto(into, offset));
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.check(offset, data.length);
    const { writer } = this.forWriting();
    if (data.length > 0) await this.holding(offset, data.length, true, () => writer.write(offset, data));
  }

  async flush(): Promise<void> {
    this.check(0, 0);
    if (this.writable === undefined) return;
    if ((await this.file.size()) < this.end.size) {
      throw new Failure('medium.truncated', phrase('image.cut', { path: this.file.path }));
    }
    await this.writable.publisher.publish();
  }

  /** What this image itself says something about (zeros included), leaving out what it takes from below; in order. */
  async *ownStretches(): AsyncGenerator<Stretch> {
    const { clusterSize, l2Coverage, l2Entries } = this.header.geometry;
    for (let l1Index = 0; l1Index < this.l1.entries; l1Index++) {
      const table = await this.tables.get(l1Index);
      if (table === undefined) continue;
      const own: Stretch[] = [];
      for (let index = 0; index < l2Entries; index++) {
        const offset = l1Index * l2Coverage + index * clusterSize;
        if (offset >= this.size) break;
        if (decodeL2(table.view, index, this.header.geometry).kind === 'unallocated') continue;
        const last = own.at(-1);
        if (last && last.offset + last.length === offset) last.length += clusterSize;
        else own.push({ offset, length: clusterSize });
      }
      for (const { offset, length } of own) yield { offset, length: Math.min(length, this.size - offset) };
    }
  }

  /**
   * Makes whole clusters read as zeros, whatever is below, without writing data.
   *
   * @param offset where a cluster begins
   * @param length up to the end of a cluster, or of the disk
   */
  async writeZeros(offset: number, length: number): Promise<void> {
    this.check(offset, length);
    const { clusterSize } = this.header.geometry;
    const { writer } = this.forWriting();
    const whole = roundUp(length, clusterSize);
    if (offset % clusterSize !== 0 || (whole !== length && offset + length !== this.size)) {
      throw new Failure('disk.out-of-range', phrase('image.wholeClusters'));
    }
    if (whole > 0) await this.holding(offset, whole, true, () => writer.writeZeroClusters(offset, whole));
  }

  /**
   * Gives back what the image has for a part of the disk whose contents nobody needs any more. The clusters that lie
   * in it whole read as zeros afterwards (an image of version 2 with a backing file keeps all); the rest is left
   * as it is. As with a write, a crash before the next flush may bring the old contents back.
   *
   * @param length in bytes; any, as no data is moved
   */
  async discard(offset: number, length: number): Promise<void> {
    this.check(0, 0);
    checkRange(this.size, offset, length, this.size);
    const { clusterSize } = this.header.geometry;
    const { writer } = this.forWriting();
    const from = roundUp(offset, clusterSize);
    // Nothing of the disk is in the rest of its last cluster.
    const end = offset + length === this.size ? this.size + clusterSize - 1 : offset + length;
    const whole = Math.floor(end / clusterSize) * clusterSize - from;
    if (whole > 0) await this.holding(from, whole, true, () => writer.discard(from, whole));
  }

  /**
   * Makes the disk longer; the new part reads as zeros.
   *
   * @param size in bytes, rounded up to whole sectors of 512
   * @throws Failure `input.invalid` if that is less than now or more than the format allows
   */
  async grow(size: number): Promise<void> {
    await this.resize((parts) => growImage(parts, roundUp(size, 512)));
  }

  /**
   * Makes the disk shorter. What is beyond the new end must read as zeros: whether it does is for the caller to find
   * out.
   *
   * @param size in bytes, rounded up to whole sectors of 512
   * @throws Failure `input.invalid` if that is not less than now
   */
  async shrink(size: number): Promise<void> {
    await this.resize((parts) => shrinkImage(parts, roundUp(size, 512)));
  }

  /** Where something other than zeros may be found, here or below, from `from` on (bytes); in order. */
  async *stretchesWithData(from: number): AsyncGenerator<Stretch> {
    const below = Math.max(from, Math.min(this.size, this.below?.device.size ?? 0));
    if (below > from) yield { offset: from, length: below - from };
    for await (const { offset, length } of this.ownStretches()) {
      const start = Math.max(offset, below);
      if (offset + length > start) yield { offset: start, length: offset + length - start };
    }
  }

  async pull(below: string | null, options: PullOptions = {}): Promise<void> {
    this.check(0, 0);
    const { publisher, writer } = this.forWriting();
    const { file, header, locks, tables, reader } = this;
    const parts = { file, header, locks, tables, reader, writer, publisher };
    const setBasis = (basis: Basis | undefined): void => void (this.below = basis);
    const refuseClosed = (): void => this.check(0, 0);
    await pullLayers({ ...parts, setBasis, refuseClosed }, imagesBetween(this, below), below, options);
  }

  private async resize(work: (parts: ResizeParts) => Promise<void>): Promise<void> {
    this.check(0, 0);
    const { file, header, tables, reader } = this;
    const backing = this.below?.device;
    const writable = this.forWriting();
    await this.locks.run(0, Infinity, true, async () => {
      const l1 = { get: () => this.l1, replace: (table: L1Table) => void (this.l1 = table) };
      await work({ file, header, tables, reader, backing, l1, ...writable });
    });
  }

  close(): Promise<void> {
    this.closing ??= this.locks.run(0, Infinity, true, async () => {
      try {
        await this.finish();
      } finally {
        await Promise.all([this.file.close(), this.below?.device.close()]);
      }
    });
    return this.closing;
  }

  private async finish(): Promise<void> {
    if (this.writable === undefined) return;
    const { publisher, refcounts, dirtyBit, end } = this.writable;
    await publisher.publish();
    await refcounts.writeBack();
    await end.trim();
    await publisher.barrier();
    await dirtyBit.clear();
  }

  private async prepareWriting(): Promise<void> {
    const { file, header, tables, reader, end } = this;
    const { geometry } = header;
    const metadata = new MetadataMap(geometry);
    if (this.l1.entries > 0) metadata.claim(this.l1.offset, this.l1.byteLength);
    for (let index = 0; index < this.l1.entries; index++) {
      const place = this.l1.get(index);
      if (place !== undefined) metadata.claim(place.offset, geometry.clusterSize);
    }
    const refcounts = new Refcounts(file, geometry, metadata, end);
    const dirtyBit = new DirtyBit(file, header);
    if (dirtyBit.isSet) {
      await rebuildRefcounts(file, header, this.l1, refcounts);
      await file.datasync();
      await dirtyBit.clear();
    } else {
      await refcounts.load(header);
    }
    // Whoever writes without knowing a feature of this kind must take its mark away.
    if (header.autoclearFeatures !== 0n) await file.write(new Uint8Array(8), field.autoclearFeatures);

    const l1 = (): L1Table => this.l1;
    const publisher = new Publisher(file, tables, l1, refcounts, !dirtyBit.available);
    const parts = { file, geometry, l1, tables, refcounts, metadata, publisher, reader, dirtyBit, end };
    const writer = new Writer({ ...parts, size: () => this.size });
    this.writable = { refcounts, metadata, publisher, dirtyBit, end, writer };
  }

  private async allocateTable(): Promise<number> {
    const { refcounts, metadata } = this.forWriting();
    const { offset } = await refcounts.allocate(1);
    metadata.add(offset, this.header.geometry.clusterSize);
    return offset;
  }

  private freeTable(offset: number): void {
    const { publisher, metadata } = this.forWriting();
    const { clusterSize } = this.header.geometry;
    metadata.remove(offset, clusterSize);
    publisher.freeLater({ offset, length: clusterSize });
  }

  private holding(
    offset: number,
    length: number,
    exclusive: boolean,
    work: () => Promise<void>,
  ): Promise<void> {
    const { clusterSize } = this.header.geometry;
    const from = Math.floor(offset / clusterSize);
    return this.locks.run(from, Math.ceil((offset + length) / clusterSize), exclusive, work);
  }

  private forWriting(): Writable {
    if (this.writable === undefined) throw readOnlyFailure(this.file.path);
    return this.writable;
  }

  private check(offset: number, length: number): void {
    if (this.closing !== undefined) throw closedFailure(this.file.path);
    checkRange(this.size, offset, length);
  }
}
