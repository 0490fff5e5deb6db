import type { HostFile } from '../host-file';
import type { Geometry } from './geometry';
import type { Header } from './header';
import { decodeL1, encodePlace, type Place } from './table-entry';

/** The L1 table, held in memory whole: it says where the L2 tables are. */
export class L1Table {
  private view: DataView;

  constructor(
    private readonly file: HostFile,
    private readonly geometry: Geometry,
    /** Where it is in the file. */
    readonly offset: number,
    private readonly bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  static async load(file: HostFile, header: Header): Promise<L1Table> {
    const bytes = new Uint8Array(header.l1Entries * 8);
    // What a partial last cluster lacks reads as zeros, as with every table.
    await file.read(bytes, header.l1Offset);
    return new L1Table(file, header.geometry, header.l1Offset, bytes);
  }

  get entries(): number {
    return this.bytes.length / 8;
  }

  get byteLength(): number {
    return this.bytes.length;
  }

  /** Where an L2 table is, undefined for none. @throws Failure `disk.corrupt` */
  get(index: number): Place | undefined {
    return decodeL1(this.view, index, this.geometry);
  }

  /** Changes the entry in memory only. */
  set(index: number, offset: number): void {
    encodePlace(this.view, index, offset);
  }

  /** Writes one entry to the file. */
  async writeEntry(index: number): Promise<void> {
    await this.file.write(this.bytes.slice(index * 8, index * 8 + 8), this.offset + index * 8);
  }

  /** A longer copy for another place in the file; written there by `writeAll`. */
  moved(offset: number, entries: number): L1Table {
    const bytes = new Uint8Array(entries * 8);
    bytes.set(this.bytes);
    return new L1Table(this.file, this.geometry, offset, bytes);
  }

  /** Writes the table, and zeros to the end of its last cluster. */
  async writeAll(): Promise<void> {
    const { clusterSize } = this.geometry;
    const padded = new Uint8Array(Math.ceil(this.bytes.length / clusterSize) * clusterSize);
    padded.set(this.bytes);
    await this.file.write(padded, this.offset);
  }
}
