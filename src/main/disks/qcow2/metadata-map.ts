import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Geometry } from './geometry';

/** More tables than this would be an image of hundreds of terabytes, or one with needlessly small clusters. */
const maxClusters = 2 ** 20;

/**
 * The clusters of the image file that hold its own tables. Guest data must never be written there, whatever a
 * damaged or malicious image says: it could give the guest a hand in which host files its disk consists of.
 */
export class MetadataMap {
  private readonly clusters = new Set<number>([0]);

  constructor(private readonly geometry: Geometry) {}

  add(offset: number, length: number): void {
    this.each(offset, length, (cluster) => this.clusters.add(cluster));
    if (this.clusters.size <= maxClusters) return;
    throw new Failure('disk.unsupported', phrase('image.tooManyTables'), {
      hint: phrase('image.biggerHint'),
    });
  }

  remove(offset: number, length: number): void {
    this.each(offset, length, (cluster) => this.clusters.delete(cluster));
  }

  /** Like `add`, for tables found in an image. @throws Failure `disk.corrupt` where two of them overlap */
  claim(offset: number, length: number): void {
    this.refuseOverlap(offset, length);
    this.add(offset, length);
  }

  /** @throws Failure `disk.corrupt` */
  refuseOverlap(offset: number, length: number): void {
    this.each(offset, length, (cluster) => {
      if (!this.clusters.has(cluster)) return;
      throw new Failure('disk.corrupt', phrase('image.tablesTwice', { offset }));
    });
  }

  private each(offset: number, length: number, visit: (cluster: number) => void): void {
    const { clusterSize } = this.geometry;
    const end = Math.ceil((offset + length) / clusterSize);
    for (let cluster = Math.floor(offset / clusterSize); cluster < end; cluster++) visit(cluster);
  }
}
