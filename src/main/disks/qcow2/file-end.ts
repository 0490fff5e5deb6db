import type { HostFile } from '../host-file';
import { roundUp } from './geometry';

/** The file grows by so many clusters at a time, which saves most of the calls; a sparse tail costs nothing. */
const stepClusters = 64;

/** Keeps the image file long enough for every cluster in use, so that no cluster is cut by the file's end. */
export class FileEnd {
  /** All that was ever in use is before this. */
  private used: number;

  /** @param size the file's size now */
  constructor(
    private readonly file: HostFile,
    private readonly clusterSize: number,
    private fileSize: number,
  ) {
    this.used = roundUp(fileSize, clusterSize);
  }

  /** The least size that the file must have. */
  get size(): number {
    return this.fileSize;
  }

  /** Makes room for a stretch of the file. @returns whether nothing was ever written there */
  async cover(offset: number, length: number): Promise<boolean> {
    const end = offset + length;
    if (end > this.fileSize) {
      const size = roundUp(Math.max(end, this.used), this.clusterSize) + stepClusters * this.clusterSize;
      await this.file.truncate(size);
      this.fileSize = size;
    }
    const untouched = offset >= this.used;
    this.used = Math.max(this.used, end);
    return untouched;
  }

  /** Cuts what `cover` added beyond the need. */
  async trim(): Promise<void> {
    if (this.used >= this.fileSize) return;
    await this.file.truncate(this.used);
    this.fileSize = this.used;
  }
}
