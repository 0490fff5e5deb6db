import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { HostFile } from '../host-file';
import { parseExtensions, type HeaderExtensions } from './header-extensions';
import { geometryOf, limits, type Geometry } from './geometry';

/** "QFI\xfb" */
export const qcow2Magic = 0x514649fb;

/** Incompatible features (bit numbers as values). */
export const incompatible = {
  dirty: 1n,
  corrupt: 2n,
  externalData: 4n,
  compressionType: 8n,
  extendedL2: 16n,
};
const understood = incompatible.dirty | incompatible.corrupt | incompatible.compressionType;
export const lazyRefcountsFeature = 1n;

/** Where the fields are that change during an image's life. */
export const field = {
  /** size, crypt_method, l1_size, l1_table_offset: together, so that one write changes them all. */
  size: 24,
  /** refcount_table_offset, refcount_table_clusters */
  refcountTable: 48,
  incompatibleFeatures: 72,
  autoclearFeatures: 88,
};

/** How an image compresses clusters, as its header numbers it. */
const compressionTypes = ['zlib', 'zstd'] as const;
export type Compression = (typeof compressionTypes)[number];

export interface Header extends HeaderExtensions {
  geometry: Geometry;
  compression: Compression;
  /** Virtual size in bytes. */
  size: number;
  backingFile?: string;
  l1Entries: number;
  l1Offset: number;
  refcountTableOffset: number;
  refcountTableClusters: number;
  snapshotCount: number;
  incompatibleFeatures: bigint;
  compatibleFeatures: bigint;
  autoclearFeatures: bigint;
}

/**
 * Reads and checks a qcow2 header: what it says must fit the file and the limits of a sane image.
 *
 * @throws Failure `disk.unknown-format`, `disk.unsupported`, `disk.corrupt`, `medium.truncated`
 */
export async function readHeader(file: HostFile): Promise<Header> {
  const fixed = new Uint8Array(112);
  const length = await file.read(fixed, 0);
  const view = new DataView(fixed.buffer);
  if (length < 4 || view.getUint32(0) !== qcow2Magic) {
    throw new Failure('disk.unknown-format', phrase('image.notQcow2', { path: file.path }));
  }
  if (length < 72) throw new Failure('medium.truncated', phrase('image.endsInHeader', { path: file.path }));
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) throw unsupported(file, `version ${version} of its format`);
  if (version === 3 && length < 104)
    throw new Failure('medium.truncated', phrase('image.endsInHeader', { path: file.path }));

  const corrupt = (what: string): Failure =>
    new Failure('disk.corrupt', phrase('image.headerDamaged', { path: file.path, what }));
  const word = (offset: number, what: string): number => {
    const value = view.getBigUint64(offset);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw corrupt(`${what} is impossibly large`);
    return Number(value);
  };

  const clusterBits = view.getUint32(20);
  if (clusterBits < limits.minClusterBits || clusterBits > limits.maxClusterBits) {
    throw corrupt(`clusters of 2^${clusterBits} bytes`);
  }
  const refcountOrder = version === 2 ? 4 : view.getUint32(96);
  if (refcountOrder > 6) throw corrupt(`reference counts of 2^${refcountOrder} bits`);
  const headerLength = version === 2 ? 72 : view.getUint32(100);
  if (
    headerLength < (version === 2 ? 72 : 104) ||
    headerLength % 8 !== 0 ||
    headerLength > 2 ** clusterBits
  ) {
    throw corrupt(`it claims to be ${headerLength} bytes long`);
  }
  const incompatibleFeatures = version === 2 ? 0n : view.getBigUint64(72);
  refuseFeatures(file, view, incompatibleFeatures);
  const compressionType = headerLength > 104 ? view.getUint8(104) : 0;
  const compression = compressionTypes[compressionType];
  if (compression === undefined)
    throw unsupported(file, `compression of the unknown type ${compressionType}`);

  const header: Header = {
    geometry: geometryOf(version, clusterBits, refcountOrder),
    compression,
    size: word(24, 'the disk'),
    l1Entries: view.getUint32(36),
    l1Offset: word(40, 'the position of the L1 table'),
    refcountTableOffset: word(48, 'the position of the refcount table'),
    refcountTableClusters: view.getUint32(56),
    snapshotCount: view.getUint32(60),
    incompatibleFeatures,
    compatibleFeatures: version === 2 ? 0n : view.getBigUint64(80),
    autoclearFeatures: version === 2 ? 0n : view.getBigUint64(88),
    bitmaps: false,
  };
  checkTables(header, await file.size(), corrupt);

  const backingOffset = word(8, 'the position of the backing file name');
  const backingLength = view.getUint32(16);
  const named = backingOffset !== 0;
  if (named && (backingLength === 0 || backingLength > limits.backingNameBytes)) {
    throw corrupt(`a backing file name of ${backingLength} bytes`);
  }
  if (
    named &&
    (backingOffset < headerLength || backingOffset + backingLength > header.geometry.clusterSize)
  ) {
    throw corrupt('the backing file name lies outside the first cluster');
  }
  const extensionsEnd = named ? backingOffset : header.geometry.clusterSize;
  const area = new Uint8Array((named ? backingOffset + backingLength : extensionsEnd) - headerLength);
  const present = area.subarray(0, await file.read(area, headerLength));
  if (named && present.length < area.length)
    throw corrupt('the backing file name lies behind the end of the file');
  Object.assign(header, parseExtensions(present.subarray(0, extensionsEnd - headerLength), corrupt));
  if (named) header.backingFile = decodeName(present.subarray(backingOffset - headerLength), corrupt);
  return header;
}

function decodeName(bytes: Uint8Array, corrupt: (what: string) => Failure): string {
  if (bytes.includes(0)) throw corrupt('the backing file name contains a zero byte');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw corrupt('the backing file name is not UTF-8 text');
  }
}

function unsupported(file: HostFile, what: string): Failure {
  return new Failure('disk.unsupported', phrase('image.unknownFeature', { path: file.path, what }), {
    hint: phrase('image.convertHint'),
  });
}

function refuseFeatures(file: HostFile, view: DataView, features: bigint): void {
  if (view.getUint32(32) !== 0) throw unsupported(file, 'encryption');
  if (features & incompatible.externalData) throw unsupported(file, 'an external data file');
  if (features & incompatible.extendedL2) throw unsupported(file, 'extended L2 entries (subclusters)');
  const unknown = features & ~understood;
  if (unknown) throw unsupported(file, `unknown features (0x${unknown.toString(16)})`);
}

function checkTables(header: Header, fileSize: number, corrupt: (what: string) => Failure): void {
  const { clusterSize, l2Coverage } = header.geometry;
  const l1Bytes = header.l1Entries * 8;
  if (l1Bytes > limits.l1Bytes) throw corrupt(`an L1 table of ${l1Bytes} bytes`);
  if (header.l1Entries < Math.ceil(header.size / l2Coverage))
    throw corrupt('its L1 table is too small for the disk');
  if (header.l1Entries > 0) checkPlace('the L1 table', header.l1Offset, l1Bytes);
  const refcountBytes = header.refcountTableClusters * clusterSize;
  if (refcountBytes > limits.refcountTableBytes) throw corrupt(`a refcount table of ${refcountBytes} bytes`);
  if (refcountBytes > 0) checkPlace('the refcount table', header.refcountTableOffset, refcountBytes);

  function checkPlace(what: string, offset: number, length: number): void {
    if (offset === 0 || offset % clusterSize !== 0) throw corrupt(`${what} begins at ${offset}`);
    if (offset + length > Math.ceil(fileSize / clusterSize) * clusterSize) {
      throw new Failure('medium.truncated', phrase('image.endsBefore', { what }));
    }
  }
}
