import { stat } from 'node:fs/promises';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { hostFailure, openHostFile, type HostFile } from './host-file';
import { detectFormat, type DiskFormat } from './image-format';
import { incompatible, readHeader } from './qcow2/header';
import { backingPath } from './qcow2/open';

/** What a disk image says about itself. Sizes are in bytes. */
export interface DiskInfo {
  format: DiskFormat;
  /** What a guest sees. */
  virtualSize: number;
  /** What the file occupies on the host, which is less than its length where it has holes. */
  fileSize: number;
  /** As it stands in the image. */
  backingFile?: string;
  /** The same as a path from the root; missing if it is not a plain file. */
  backingPath?: string;
  /** As it stands in the image. */
  backingFormat?: string;
  /** It was not closed, or is open now; the next one to open it counts its clusters anew. */
  dirty: boolean;
  /** It is marked as damaged, and can only be read. */
  corrupt: boolean;
  /** Internal snapshots, or bitmaps: the driver can only read such an image. */
  readOnlyFeatures: boolean;
  clusterSize?: number;
}

/**
 * Reads what an image says about itself, also while a machine uses it.
 *
 * @throws Failure as `openDisk`, except `disk.in-use`
 */
export async function inspectDisk(path: string): Promise<DiskInfo> {
  const file = await openHostFile(path, { readOnly: true, unlocked: true });
  try {
    const format = await detectFormat(file);
    const fileSize = await allocatedBytes(path);
    return format === 'raw' ? await inspectRaw(file, fileSize) : await inspectQcow2(file, fileSize);
  } finally {
    await file.close();
  }
}

async function inspectRaw(file: HostFile, fileSize: number): Promise<DiskInfo> {
  const virtualSize = await file.size();
  if (virtualSize === 0) throw new Failure('medium.empty', phrase('image.empty', { path: file.path }));
  return { format: 'raw', virtualSize, fileSize, dirty: false, corrupt: false, readOnlyFeatures: false };
}

async function inspectQcow2(file: HostFile, fileSize: number): Promise<DiskInfo> {
  const header = await readHeader(file);
  const info: DiskInfo = {
    format: 'qcow2',
    virtualSize: header.size,
    fileSize,
    dirty: (header.incompatibleFeatures & incompatible.dirty) !== 0n,
    corrupt: (header.incompatibleFeatures & incompatible.corrupt) !== 0n,
    readOnlyFeatures: header.snapshotCount > 0 || header.bitmaps,
    clusterSize: header.geometry.clusterSize,
  };
  if (header.backingFile === undefined) return info;
  const { backingFile, backingFormat } = header;
  return { ...info, backingFile, backingFormat, backingPath: plainPath(file.path, backingFile) };
}

function plainPath(imagePath: string, backingFile: string): string | undefined {
  try {
    return backingPath(imagePath, backingFile);
  } catch (error) {
    // The one failure of `backingPath`; here it is part of the answer.
    if (error instanceof Failure && error.code === 'disk.unsupported') return undefined;
    throw error;
  }
}

async function allocatedBytes(path: string): Promise<number> {
  try {
    // POSIX counts blocks of 512 bytes, whatever the file system uses; Windows may not count at all.
    const { blocks, size } = await stat(path);
    return Number.isFinite(blocks) ? blocks * 512 : size;
  } catch (error) {
    throw hostFailure(error, 'examine', path);
  }
}
