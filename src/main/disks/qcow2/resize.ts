import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { BlockDevice } from '../block-device';
import type { HostFile } from '../host-file';
import type { DirtyBit } from './dirty-bit';
import { limits, roundUp } from './geometry';
import { field, type Header } from './header';
import type { L1Table } from './l1-table';
import type { L2Tables } from './l2-tables';
import type { MetadataMap } from './metadata-map';
import type { Publisher } from './publisher';
import type { Reader } from './reader';
import type { Refcounts } from './refcounts';
import type { Writer } from './writer';

export interface ResizeParts {
  file: HostFile;
  header: Header;
  tables: L2Tables;
  reader: Reader;
  backing: BlockDevice | undefined;
  l1: { get(): L1Table; replace(table: L1Table): void };
  refcounts: Refcounts;
  metadata: MetadataMap;
  publisher: Publisher;
  dirtyBit: DirtyBit;
  writer: Writer;
}

/**
 * Makes an image longer. The caller holds the whole disk. The header gets the new size last, so that a crash
 * leaves a disk of the old size or of the new one with zeros in its new part.
 */
export async function growImage(parts: ResizeParts, size: number): Promise<void> {
  const { header, publisher, dirtyBit, l1 } = parts;
  const { geometry } = header;
  const entries = Math.ceil(size / geometry.l2Coverage);
  if (!Number.isSafeInteger(size) || size < header.size || entries * 8 > limits.l1Bytes) {
    throw new Failure('input.invalid', phrase('image.cannotBecome', { size: header.size, wanted: size }));
  }
  if (size === header.size) return;
  await dirtyBit.set();
  if (entries > l1.get().entries) await moveL1(parts, entries);
  await hideOldContents(parts, size);
  await publisher.publishAndThen(() => writeSize(parts, size, l1.get()));
  header.size = size;
}

/**
 * Makes an image shorter. The caller holds the whole disk, and knows that what is beyond the new end reads as zeros.
 * That is given back first, which no reader sees; the header gets the new size last. Tables stay where they are: a
 * longer L1 table than necessary is allowed, and what it still leads to reads as zeros when the disk grows again.
 */
export async function shrinkImage(parts: ResizeParts, size: number): Promise<void> {
  const { header, publisher, writer, l1 } = parts;
  const { clusterSize } = header.geometry;
  if (!Number.isSafeInteger(size) || size < 512 || size >= header.size) {
    throw new Failure('input.invalid', phrase('image.cannotCut', { size: header.size, wanted: size }));
  }
  const from = roundUp(size, clusterSize);
  await writer.discard(from, roundUp(header.size, clusterSize) - from);
  await publisher.publishAndThen(() => writeSize(parts, size, l1.get()));
  header.size = size;
}

/** Makes room for more L2 tables. Until the header points to the new L1 table, the old one stays in force. */
async function moveL1(parts: ResizeParts, entries: number): Promise<void> {
  const { header, publisher, refcounts, metadata, dirtyBit, l1 } = parts;
  const { clusterSize } = header.geometry;
  await publisher.publishAndThen(async () => {
    const old = l1.get();
    const { offset, clusters } = await refcounts.allocateExactly(Math.ceil((entries * 8) / clusterSize));
    const table = old.moved(offset, entries);
    try {
      await table.writeAll();
      if (!dirtyBit.available) await refcounts.writeBack();
      await publisher.barrier();
      await writeSize(parts, header.size, table);
    } catch (error) {
      await refcounts.dropReferences(offset, clusters * clusterSize);
      throw error;
    }
    l1.replace(table);
    metadata.add(offset, clusters * clusterSize);
    if (old.entries === 0) return;
    metadata.remove(old.offset, old.byteLength);
    await refcounts.dropReferences(old.offset, old.byteLength);
  });
}

/** Sees to it that the part beyond the old end reads as zeros, whatever lies there or in the backing file. */
async function hideOldContents(parts: ResizeParts, size: number): Promise<void> {
  const { header, reader, writer, backing } = parts;
  const { clusterSize, version } = header.geometry;
  const wholeFrom = roundUp(header.size, clusterSize);
  const rest = new Uint8Array(wholeFrom - header.size);
  await reader.readInto(rest, header.size);
  if (rest.some((byte) => byte !== 0)) await writer.write(header.size, rest.fill(0));

  const wholeTo = Math.min(roundUp(size, clusterSize), roundUp(backing?.size ?? 0, clusterSize));
  if (wholeTo <= wholeFrom) return;
  if (version === 2) {
    throw new Failure('disk.unsupported', phrase('image.oldVersion'), {
      hint: phrase('image.oldVersionHint'),
    });
  }
  await writer.writeZeroClusters(wholeFrom, wholeTo - wholeFrom);
}

/** Writes the size and the place of the L1 table, which stand together, in one go. */
async function writeSize(parts: ResizeParts, size: number, l1: L1Table): Promise<void> {
  const { file, publisher } = parts;
  const fields = new Uint8Array(24);
  const view = new DataView(fields.buffer);
  view.setBigUint64(0, BigInt(size));
  view.setUint32(12, l1.entries);
  view.setBigUint64(16, BigInt(l1.offset));
  await file.write(fields, field.size);
  await publisher.barrier();
}
