import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { ImageCheck } from '@shared/disk/library';
import { openHostFile, type HostFile } from '../host-file';
import { type Header, incompatible, readHeader } from './header';
import { L1Table } from './l1-table';
import { PackedCounts } from './refcount-block';
import { decodeL2 } from './table-entry';

export interface CheckOptions {
  /** Tables looked at, and tables in all. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Sentences that are kept; the rest are only counted. */
const keptErrors = 100;
/** More clusters than this would take a gigabyte of memory to count. */
const maxClusters = 2 ** 29;
const mostReferences = 65535;

/**
 * Checks an image's own tables: that everything they refer to is there and used once, and that the counts of
 * references are right (qcow2 specification, "Host cluster management"). The image is only read; what it is based on
 * is not looked at.
 *
 * @throws Failure `disk.in-use` while somebody writes to it; `disk.unsupported` for images with internal snapshots
 * or bitmaps, whose own references are not known here; `disk.unknown-format`, `disk.corrupt` for a header that says
 * nothing; `cancelled`, `file.*`
 */
export async function checkQcow2(path: string, options: CheckOptions = {}): Promise<ImageCheck> {
  const file = await openHostFile(path, { readOnly: true });
  return checkQcow2File(file, options).finally(() => file.close());
}

/** The same over a file that is open, and stays it. */
export async function checkQcow2File(file: HostFile, options: CheckOptions = {}): Promise<ImageCheck> {
  const header = await readHeader(file);
  if (header.snapshotCount > 0 || header.bitmaps) {
    throw new Failure('disk.unsupported', phrase('image.otherProgram', { path: file.path }), {
      hint: phrase('image.otherProgramHint'),
    });
  }
  return new Check(file, header, await file.size(), options).run();
}

class Check {
  private readonly found: ImageCheck = { clusters: 0, errors: [], errorCount: 0, leakedClusters: 0 };
  private readonly clusterSize: number;
  private readonly references: Uint16Array;
  /** Entries that say “one reference only” by cluster, and those that do not: known to be right at the end. */
  private readonly copied: { cluster: number; copied: boolean }[] = [];

  constructor(
    private readonly file: HostFile,
    private readonly header: Header,
    fileSize: number,
    private readonly options: CheckOptions,
  ) {
    this.clusterSize = header.geometry.clusterSize;
    const clusters = Math.ceil(fileSize / this.clusterSize);
    if (clusters > maxClusters) {
      throw new Failure('disk.unsupported', phrase('image.tooManyClusters', { path: file.path }));
    }
    this.references = new Uint16Array(clusters);
  }

  async run(): Promise<ImageCheck> {
    const { header, file } = this;
    this.claim(0, 1, 'its header');
    const l1 = await L1Table.load(file, header);
    if (l1.entries > 0) this.claim(header.l1Offset, l1.byteLength, 'the L1 table');
    for (let index = 0; index < l1.entries; index++) {
      this.options.onProgress?.(index, l1.entries);
      this.stopIfCancelled();
      const place = this.attempt(() => l1.get(index));
      if (!place) continue;
      if (!this.claim(place.offset, this.clusterSize, `the L2 table ${index}`)) continue;
      this.copied.push({ cluster: place.offset / this.clusterSize, copied: place.copied });
      await this.readTable(place.offset, index);
    }
    // An image that was not closed has its counts made anew by whoever opens it next.
    const dirty = (header.incompatibleFeatures & incompatible.dirty) !== 0n;
    const counts = await this.readCounts();
    for (const [cluster, used] of this.references.entries()) {
      if (used > 0) this.found.clusters++;
      if (dirty) continue;
      const counted = counts[cluster] ?? 0;
      if (counted < used)
        this.error(`cluster ${cluster} is used ${used} times, but counted ${counted} times`);
      else if (counted > used) this.found.leakedClusters++;
    }
    if (!dirty) {
      for (const { cluster, copied } of this.copied) {
        if (copied !== (counts[cluster] === 1)) {
          this.error(`an entry says of cluster ${cluster} that it is ${copied ? 'used once' : 'shared'}`);
        }
      }
    }
    return this.found;
  }

  private async readTable(offset: number, l1Index: number): Promise<void> {
    const { geometry } = this.header;
    const bytes = new Uint8Array(this.clusterSize);
    await this.file.read(bytes, offset);
    const view = new DataView(bytes.buffer);
    for (let index = 0; index < geometry.l2Entries; index++) {
      const cluster = this.attempt(() => decodeL2(view, index, geometry));
      if (!cluster || cluster.kind === 'unallocated' || cluster.offset === 0) continue;
      const what = `guest cluster ${l1Index * geometry.l2Entries + index}`;
      if (cluster.kind === 'compressed') {
        this.claim(cluster.offset, cluster.length, what, true);
        continue;
      }
      if (this.claim(cluster.offset, this.clusterSize, what)) {
        this.copied.push({ cluster: cluster.offset / this.clusterSize, copied: cluster.copied });
      }
    }
  }

  /** Counts a reference to every cluster of a stretch. @param packed several such stretches may share a cluster */
  private claim(offset: number, length: number, what: string, packed = false): boolean {
    const { references, clusterSize } = this;
    const first = Math.floor(offset / clusterSize);
    const last = Math.floor((offset + length - 1) / clusterSize);
    // A compressed stretch is as long as the sectors say; its last ones may be behind the end of the file.
    if (first >= references.length || (!packed && last >= references.length)) {
      this.error(`${what} is said to be at ${offset}, behind the end of the file`);
      return false;
    }
    for (let cluster = first; cluster <= Math.min(last, references.length - 1); cluster++) {
      const before = references[cluster] ?? 0;
      if (before > 0 && !packed) this.error(`${what} is in cluster ${cluster}, which is used already`);
      references[cluster] = Math.min(before + 1, mostReferences);
    }
    return true;
  }

  /** The counts in the file, by cluster. */
  private async readCounts(): Promise<Uint16Array> {
    const { header, clusterSize, file } = this;
    const found = new Uint16Array(this.references.length);
    const tableBytes = header.refcountTableClusters * clusterSize;
    if (tableBytes === 0) return found;
    this.claim(header.refcountTableOffset, tableBytes, 'the refcount table');
    const table = new Uint8Array(tableBytes);
    await file.read(table, header.refcountTableOffset);
    const view = new DataView(table.buffer);
    const packed = new PackedCounts(header.geometry.refcountBits);
    const perBlock = (clusterSize * 8) / header.geometry.refcountBits;
    const block = new Uint8Array(clusterSize);
    for (let index = 0; index < tableBytes / 8; index++) {
      const entry = view.getBigUint64(index * 8);
      if (entry === 0n) continue;
      this.stopIfCancelled();
      const offset = Number(entry);
      if (!Number.isSafeInteger(offset) || offset % clusterSize !== 0) {
        this.error(`refcount block ${index} is said to be at ${entry}`);
        continue;
      }
      if (!this.claim(offset, clusterSize, `refcount block ${index}`)) continue;
      block.fill(0);
      await file.read(block, offset);
      for (let inner = 0; inner < perBlock; inner++) {
        const count = packed.get(block, inner);
        if (count === 0) continue;
        const cluster = index * perBlock + inner;
        // What is counted behind the end of the file takes no space; whoever writes there counts it anew.
        if (cluster < found.length) found[cluster] = Math.min(count, mostReferences);
      }
    }
    return found;
  }

  /** What reading an entry says, where it says anything. */
  private attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'disk.corrupt') throw error;
      this.error(error.message);
      return undefined;
    }
  }

  private error(message: string): void {
    this.found.errorCount++;
    if (this.found.errors.length < keptErrors) this.found.errors.push(message);
  }

  private stopIfCancelled(): void {
    if (this.options.signal?.aborted) throw new Failure('cancelled', phrase('task.checkCancelled'));
  }
}
