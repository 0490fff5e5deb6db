import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { Mutex } from '../async-locks';
import type { HostFile } from '../host-file';
import type { Geometry } from './geometry';
import type { L1Table } from './l1-table';

/** One L2 table in memory. */
export interface L2Table {
  readonly l1Index: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The L1 table in the file does not point to it yet, so it may be written at any time. */
  fresh: boolean;
  /** Entries that differ from the file: from, to (not included). Empty where `from` ≥ `to`. */
  dirtyFrom: number;
  dirtyTo: number;
}

/** What is needed to change tables: a place for a new one, and a use for the place of one that was replaced. */
export interface TablePlaces {
  allocateTable(): Promise<number>;
  freeTable(offset: number): void;
}

/** Bytes of tables kept in memory; with clusters of 64 KiB they describe 128 GiB of disk. */
const cacheBytes = 16 * 2 ** 20;

/** The L2 tables of an image: a bounded cache, in which changed tables stay until they are published. */
export class L2Tables {
  /** In the order of their last use. */
  private readonly cache = new Map<number, L2Table>();
  private readonly loading = new Map<number, Promise<L2Table>>();
  private readonly creation = new Mutex();
  private readonly room: number;
  /** Changed tables. */
  dirty = new Set<L2Table>();
  /** Tables whose changes are on their way into the file. */
  private publishing = new Set<L2Table>();

  constructor(
    private readonly file: HostFile,
    private readonly geometry: Geometry,
    private readonly l1: () => L1Table,
    private readonly places?: TablePlaces,
  ) {
    this.room = Math.max(4, cacheBytes / geometry.clusterSize);
  }

  /** There are so many changed tables that it is time to publish them. */
  get crowded(): boolean {
    return this.dirty.size >= this.room / 2;
  }

  /** The table for an L1 index; undefined where there is none. Its contents are valid until the next await. */
  async get(l1Index: number): Promise<L2Table | undefined> {
    const cached = this.cache.get(l1Index);
    if (cached !== undefined) {
      this.cache.delete(l1Index);
      this.cache.set(l1Index, cached);
      return cached;
    }
    const pending = this.loading.get(l1Index);
    if (pending !== undefined) return pending;
    if (this.l1().get(l1Index) === undefined) return undefined;
    const load = this.load(l1Index).finally(() => this.loading.delete(l1Index));
    this.loading.set(l1Index, load);
    return load;
  }

  /** Lets `change` modify entries `from` to `to` (not included) of a table, which is made if there is none. */
  async update(l1Index: number, from: number, to: number, change: (view: DataView) => void): Promise<void> {
    for (;;) {
      const table = await this.writable(l1Index);
      // It may have been evicted and loaded anew in the meantime; a change to the old copy would be lost.
      if (this.cache.get(l1Index) !== table) continue;
      change(table.view);
      this.markDirty(table, from, to);
      return;
    }
  }

  markDirty(table: L2Table, from: number, to: number): void {
    const clean = table.dirtyFrom >= table.dirtyTo;
    table.dirtyFrom = clean ? from : Math.min(table.dirtyFrom, from);
    table.dirtyTo = clean ? to : Math.max(table.dirtyTo, to);
    this.dirty.add(table);
  }

  /** Turns the changed tables into tables being published; they stay in memory until `endPublishing`. */
  beginPublishing(): void {
    this.publishing = this.dirty;
    this.dirty = new Set();
  }

  endPublishing(): void {
    this.publishing = new Set();
  }

  private async writable(l1Index: number): Promise<L2Table> {
    const place = this.l1().get(l1Index);
    const table = place?.copied ? await this.get(l1Index) : undefined;
    return table ?? this.creation.run(() => this.createOrCopy(l1Index));
  }

  private async createOrCopy(l1Index: number): Promise<L2Table> {
    const { places } = this;
    if (places === undefined) throw new Failure('internal', 'Tables of a read-only image were to be changed');
    const old = this.l1().get(l1Index);
    const source = await this.get(l1Index);
    if (source !== undefined && old?.copied) return source;
    const offset = await places.allocateTable();
    const bytes = new Uint8Array(this.geometry.clusterSize);
    if (source !== undefined) bytes.set(source.bytes);
    const table = newTable(l1Index, offset, bytes, true);
    this.l1().set(l1Index, offset);
    this.cache.set(l1Index, table);
    this.markDirty(table, 0, this.geometry.l2Entries);
    if (old !== undefined) places.freeTable(old.offset);
    return table;
  }

  /** Precondition: there is one. */
  private async load(l1Index: number): Promise<L2Table> {
    for (;;) {
      const offset = this.l1().get(l1Index)?.offset ?? 0;
      const bytes = new Uint8Array(this.geometry.clusterSize);
      if ((await this.file.read(bytes, offset)) < bytes.length) {
        throw new Failure('medium.truncated', phrase('image.endsInTable', { path: this.file.path }));
      }
      // A copy may have taken its place meanwhile: what was read is out of date then.
      const copy = this.cache.get(l1Index);
      if (copy !== undefined) return copy;
      if (this.l1().get(l1Index)?.offset !== offset) continue;
      const table = newTable(l1Index, offset, bytes, false);
      this.evict();
      this.cache.set(l1Index, table);
      return table;
    }
  }

  private evict(): void {
    if (this.cache.size < this.room) return;
    for (const [index, table] of this.cache) {
      if (this.dirty.has(table) || this.publishing.has(table)) continue;
      this.cache.delete(index);
      if (this.cache.size < this.room) return;
    }
  }
}

function newTable(l1Index: number, offset: number, bytes: Uint8Array, fresh: boolean): L2Table {
  return { l1Index, offset, bytes, view: new DataView(bytes.buffer), fresh, dirtyFrom: 0, dirtyTo: 0 };
}
