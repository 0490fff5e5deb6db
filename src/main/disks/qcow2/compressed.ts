import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { HostFile } from '../host-file';
import { findZstd } from '../saved-state/codec';
import type { Geometry } from './geometry';
import type { Compression } from './header';
import { measureZstdFrame } from './zstd-frame';

const inflate = promisify(inflateRaw);

/** Bytes of unpacked clusters kept, because a guest reads a compressed cluster in many small requests. */
const cacheBytes = 4 * 2 ** 20;

/** Reads compressed clusters (deflate without a zlib header, or a Zstandard frame) and remembers the last ones. */
export class CompressedClusters {
  private readonly cache = new Map<number, Promise<Uint8Array>>();

  constructor(
    private readonly file: HostFile,
    private readonly geometry: Geometry,
    private readonly compression: Compression,
  ) {}

  /** The contents of the cluster whose compressed form is at `offset`. It must not be changed. */
  read(offset: number, length: number): Promise<Uint8Array> {
    let cluster = this.cache.get(offset);
    if (cluster === undefined) {
      cluster = this.unpack(offset, length);
      this.cache.set(offset, cluster);
      cluster.catch(() => this.cache.delete(offset));
      const room = Math.max(2, cacheBytes / this.geometry.clusterSize);
      for (const oldest of this.cache.keys()) {
        if (this.cache.size <= room) break;
        this.cache.delete(oldest);
      }
    }
    return cluster;
  }

  private async unpack(offset: number, length: number): Promise<Uint8Array> {
    const { clusterSize } = this.geometry;
    // The length counts whole sectors; the last one may not be there.
    const packed = new Uint8Array(length);
    const present = await this.file.read(packed, offset);
    if (present === 0)
      throw new Failure('medium.truncated', phrase('image.endsEarly', { path: this.file.path }));
    let cluster: Uint8Array;
    try {
      cluster = await this.decompress(packed.subarray(0, present));
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure('disk.corrupt', phrase('image.cannotUnpack', { path: this.file.path }), {
        cause: error,
      });
    }
    if (cluster.length === clusterSize) return cluster;
    throw new Failure(
      'disk.corrupt',
      phrase('image.unpacksTo', { path: this.file.path, size: cluster.length }),
    );
  }

  /** @throws Error when the bytes are damaged, or are more than one cluster */
  private async decompress(packed: Uint8Array): Promise<Uint8Array> {
    const { clusterSize } = this.geometry;
    if (this.compression === 'zlib') return inflate(packed, { maxOutputLength: clusterSize });
    const { length, contents = clusterSize } = measureZstdFrame(packed);
    // Before a decoder makes room for what the frame claims.
    if (contents !== clusterSize) throw new RangeError(`${contents} bytes instead of ${clusterSize}`);
    const zstd = await findZstd();
    if (zstd) return zstd.decompress(packed.subarray(0, length), clusterSize);
    throw new Failure('host.unavailable', phrase('image.zstd', { path: this.file.path }), {
      hint: phrase('image.convertHint'),
    });
  }
}
