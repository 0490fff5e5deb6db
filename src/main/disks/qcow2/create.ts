import { unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { openHostFile, syncFolder, type HostFile } from '../host-file';
import { detectFormat } from '../image-format';
import { FileEnd } from './file-end';
import { geometryOf, limits, roundUp, type Geometry } from './geometry';
import { encodeExtension, extensionType } from './header-extensions';
import { lazyRefcountsFeature, qcow2Magic } from './header';
import { L1Table } from './l1-table';
import { MetadataMap } from './metadata-map';
import { backingPath } from './open';
import { Refcounts } from './refcounts';

export interface CreateQcow2Options {
  /** Bytes, rounded up to whole sectors of 512. */
  virtualSize: number;
  /** A power of two from 512 to 2 Mi; 64 Ki if not given. */
  clusterSize?: number;
  /** Where unwritten parts come from. A relative path starts from the new image's folder. */
  backingFile?: string;
  /** Found out if not given. */
  backingFormat?: 'qcow2' | 'raw';
}

const headerLength = 112;
const refcountOrder = 4;

/**
 * Creates an empty image (version 3, lazy refcounts); when it resolves, the file survives a loss of power.
 *
 * @throws Failure `input.invalid`, `file.exists` and others of `openHostFile`
 */
export async function createQcow2(path: string, options: CreateQcow2Options): Promise<void> {
  const { backingFile } = options;
  let { backingFormat } = options;
  checkOptions(options);
  if (backingFile !== undefined && backingFormat === undefined) {
    const backing = await openHostFile(backingPath(path, backingFile), { readOnly: true, unlocked: true });
    backingFormat = await detectFormat(backing).finally(() => backing.close());
  }
  const file = await openHostFile(path, { readOnly: false, create: true });
  try {
    await writeEmptyImage(file, { ...options, backingFormat });
    await file.close();
    await syncFolder(dirname(path));
  } catch (error) {
    await file.close();
    await unlink(path);
    throw error;
  }
}

/** Makes an empty, open file an image; the header comes last, so that an unfinished one is not taken for an image. */
export async function writeEmptyImage(file: HostFile, options: CreateQcow2Options): Promise<void> {
  checkOptions(options);
  const { clusterSize = 65536 } = options;
  const geometry = geometryOf(3, Math.log2(clusterSize), refcountOrder);
  const size = roundUp(options.virtualSize, 512);
  const l1Entries = Math.ceil(size / geometry.l2Coverage);
  const header = encodeHeader(geometry, size, options);

  const end = new FileEnd(file, clusterSize, 0);
  const refcounts = new Refcounts(file, geometry, new MetadataMap(geometry), end);
  await refcounts.addReferences(0, clusterSize);
  const { offset } = await refcounts.allocateExactly(Math.ceil((l1Entries * 8) / clusterSize));
  await new L1Table(file, geometry, offset, new Uint8Array(l1Entries * 8)).writeAll();
  // This also writes the position of the refcount table into the header.
  await refcounts.writeBack();
  await end.trim();
  await file.datasync();

  const view = new DataView(header.buffer);
  view.setUint32(36, l1Entries);
  view.setBigUint64(40, BigInt(offset));
  await file.write(header.subarray(60), 60);
  await file.write(header.subarray(4, 48), 4);
  await file.datasync();
  await file.write(header.subarray(0, 4), 0);
  await file.datasync();
}

function checkOptions(options: CreateQcow2Options): void {
  const { virtualSize, clusterSize = 65536, backingFile } = options;
  const bits = Math.log2(clusterSize);
  if (!Number.isInteger(bits) || bits < limits.minClusterBits || bits > limits.maxClusterBits) {
    throw new Failure('input.invalid', phrase('image.clusterSize', { size: clusterSize }));
  }
  const most = (limits.l1Bytes / 8) * geometryOf(3, bits, refcountOrder).l2Coverage;
  if (!Number.isSafeInteger(virtualSize) || virtualSize <= 0 || virtualSize > Math.min(most, 2 ** 52)) {
    throw new Failure('input.invalid', phrase('image.diskSize', { size: virtualSize }));
  }
  if (backingFile === undefined) return;
  const length = Buffer.byteLength(backingFile);
  const room = clusterSize - headerLength - 32;
  if (length === 0 || length > Math.min(limits.backingNameBytes, room) || backingFile.includes('\0')) {
    throw new Failure('input.invalid', phrase('image.backingLong', { length }), {
      hint: phrase('image.backingLongHint'),
    });
  }
}

function encodeHeader(geometry: Geometry, size: number, options: CreateQcow2Options): Uint8Array {
  const { backingFile, backingFormat } = options;
  const encoder = new TextEncoder();
  const extensions = [encodeExtension(extensionType.end, new Uint8Array())];
  if (backingFormat !== undefined) {
    extensions.unshift(encodeExtension(extensionType.backingFormat, encoder.encode(backingFormat)));
  }
  const name = encoder.encode(backingFile ?? '');
  const nameOffset = headerLength + extensions.reduce((sum, { length }) => sum + length, 0);
  const header = new Uint8Array(nameOffset + name.length);
  const view = new DataView(header.buffer);
  view.setUint32(0, qcow2Magic);
  view.setUint32(4, 3);
  if (backingFile !== undefined) {
    view.setBigUint64(8, BigInt(nameOffset));
    view.setUint32(16, name.length);
  }
  view.setUint32(20, geometry.clusterBits);
  view.setBigUint64(24, BigInt(size));
  view.setBigUint64(80, lazyRefcountsFeature);
  view.setUint32(96, refcountOrder);
  view.setUint32(100, headerLength);
  let position = headerLength;
  for (const extension of extensions) {
    header.set(extension, position);
    position += extension.length;
  }
  header.set(name, nameOffset);
  return header;
}
