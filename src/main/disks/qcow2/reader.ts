import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { BlockDevice } from '../block-device';
import type { HostFile } from '../host-file';
import type { CompressedClusters } from './compressed';
import { roundUp, type Geometry } from './geometry';
import type { L2Table, L2Tables } from './l2-tables';
import { decodeL2, type Cluster } from './table-entry';

/** A piece of a request that one operation fulfils. */
type Run = { start: number; length: number } & (
  | { from: 'file'; offset: number }
  | { from: 'backing' }
  | { from: 'zeros' }
  | { from: 'compressed'; offset: number; packedLength: number; skip: number }
);

/** Reads guest data: looks up where it is, merges what is contiguous, and fetches the pieces in parallel. */
export class Reader {
  constructor(
    private readonly file: HostFile,
    private readonly geometry: Geometry,
    private readonly tables: L2Tables,
    private readonly compressed: CompressedClusters,
    private readonly backing: () => BlockDevice | undefined,
    /** The size that the file had at least, in bytes. */
    private readonly fileSize: () => number,
  ) {}

  /** Whether unallocated clusters from `offset` on read as zeros without asking anybody. */
  isZeroBeyond(offset: number): boolean {
    return offset >= (this.backing()?.size ?? 0);
  }

  /** Fills `into` with what the guest finds at `offset`. */
  async readInto(into: Uint8Array, offset: number): Promise<void> {
    const runs = await this.plan(offset, into.length);
    const pieces = runs.map((run) =>
      this.fetch(run, into.subarray(run.start - offset, run.start - offset + run.length)),
    );
    // All must have ended before the caller lets others at these clusters.
    for (const piece of await Promise.allSettled(pieces)) {
      if (piece.status === 'rejected') throw piece.reason;
    }
  }

  private async plan(offset: number, length: number): Promise<Run[]> {
    const { clusterSize, l2Coverage } = this.geometry;
    const runs: Run[] = [];
    const end = offset + length;
    for (let position = offset; position < end;) {
      const l1Index = Math.floor(position / l2Coverage);
      const tableEnd = Math.min(end, (l1Index + 1) * l2Coverage);
      const table = await this.tables.get(l1Index);
      if (table === undefined) {
        addRun(runs, { from: 'backing', start: position, length: tableEnd - position });
        position = tableEnd;
      }
      for (; position < tableEnd;) {
        const skip = position % clusterSize;
        const piece = Math.min(clusterSize - skip, tableEnd - position);
        addRun(runs, this.runOf(this.lookUp(table, position), position, skip, piece));
        position += piece;
      }
    }
    return runs;
  }

  private lookUp(table: L2Table | undefined, position: number): Cluster {
    if (table === undefined) return { kind: 'unallocated' };
    const { clusterSize, l2Coverage } = this.geometry;
    return decodeL2(table.view, Math.floor((position % l2Coverage) / clusterSize), this.geometry);
  }

  private runOf(cluster: Cluster, start: number, skip: number, length: number): Run {
    switch (cluster.kind) {
      case 'zero':
        return { from: 'zeros', start, length };
      case 'unallocated':
        return { from: 'backing', start, length };
      case 'data':
        return { from: 'file', start, length, offset: cluster.offset + skip };
      case 'compressed':
        return {
          from: 'compressed',
          start,
          length,
          offset: cluster.offset,
          packedLength: cluster.length,
          skip,
        };
    }
  }

  private async fetch(run: Run, into: Uint8Array): Promise<void> {
    if (run.from === 'file') {
      await this.fetchFromFile(into, run.offset);
    } else if (run.from === 'compressed') {
      const cluster = await this.compressed.read(run.offset, run.packedLength);
      into.set(cluster.subarray(run.skip, run.skip + run.length));
    } else {
      // A disk may be longer than what it is based on; the rest are zeros.
      const backing = this.backing();
      const below = run.from === 'backing' ? (backing?.size ?? 0) - run.start : 0;
      const length = Math.max(0, Math.min(run.length, below));
      into.fill(0, length);
      if (length > 0) await backing?.readInto(run.start, into.subarray(0, length));
    }
  }

  private async fetchFromFile(into: Uint8Array, offset: number): Promise<void> {
    const found = await this.file.read(into, offset);
    if (found === into.length) return;
    // Some programs leave out the zeros at the end of the last cluster. Anything else is lost data.
    const expected = this.fileSize();
    const lastClusterOnly = offset + into.length <= roundUp(expected, this.geometry.clusterSize);
    if (lastClusterOnly && (await this.file.size()) >= expected) {
      into.fill(0, found);
      return;
    }
    throw new Failure('medium.truncated', phrase('image.endsEarly', { path: this.file.path }), {
      hint: phrase('image.cutHint'),
    });
  }
}

function addRun(runs: Run[], run: Run): void {
  const last = runs.at(-1);
  if (last !== undefined && last.start + last.length === run.start) {
    const sameFile = last.from === 'file' && run.from === 'file' && last.offset + last.length === run.offset;
    const isPlain = run.from === 'backing' || run.from === 'zeros';
    if (sameFile || (isPlain && last.from === run.from)) {
      last.length += run.length;
      return;
    }
  }
  runs.push(run);
}
