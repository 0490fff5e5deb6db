import { dirname, resolve } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { RangeLock } from '../async-locks';
import type { BlockDevice, PullOptions } from '../block-device';
import { PieceMap } from '../chain/piece-map';
import type { HostFile } from '../host-file';
import type { DiskFormat } from '../image-format';
import { changeBacking, type NewBacking, refuseBackingChange } from './backing-name';
import { roundUp, type Geometry } from './geometry';
import type { Header } from './header';
import type { L2Tables } from './l2-tables';
import type { Publisher } from './publisher';
import type { Reader } from './reader';
import { decodeL2 } from './table-entry';
import type { Writer } from './writer';

/** Taken over, and kept from everybody else, at a time, in bytes. */
const pieceBytes = 2 ** 20;
/** As long as the longest cluster. */
const zeros = new Uint8Array(2 ** 21);

/** A part of a disk, in bytes. */
interface Stretch {
  offset: number;
  length: number;
}

/** What an image is based on, as long as it is. */
export interface Basis {
  device: BlockDevice;
  /** Absolute. */
  path: string;
  format: DiskFormat;
}

/** An image that may be based on another one. */
export interface Layer extends BlockDevice {
  /** Absolute. */
  readonly path: string;
  readonly basis: Basis | undefined;
  ownStretches(): AsyncIterable<Stretch>;
  /** Leaves what it is based on to somebody else, who closes it. */
  leaveBasis(): void;
}

/** The image that takes over, with its parts. */
export interface PullParts {
  file: HostFile;
  header: Header;
  locks: RangeLock;
  tables: L2Tables;
  reader: Reader;
  writer: Writer;
  publisher: Publisher;
  /** Nobody uses the disk when this is called. */
  setBasis(basis: Basis | undefined): void;
  /** @throws Failure when the disk was closed meanwhile */
  refuseClosed(): void;
}

/** What is taken over, and what stays below. */
export interface Between {
  /** The newest first. */
  layers: BlockDevice[];
  base: Basis | undefined;
}

/** The images that lie between one and another below it, in the same folder. @throws Failure `input.invalid` */
export function imagesBetween(top: Layer, below: string | null): Between {
  const layers: BlockDevice[] = [];
  const wanted = below === null ? undefined : resolve(dirname(top.path), below);
  let next = top.basis;
  while (next && next.path !== wanted) {
    layers.push(next.device);
    next = isLayer(next.device) ? next.device.basis : undefined;
  }
  if (below !== null && !next) {
    throw new Failure('input.invalid', phrase('merge.notBasedOn', { path: top.path, below }));
  }
  return { layers, base: next };
}

function isLayer(device: BlockDevice): device is Layer {
  return 'leaveBasis' in device;
}

/**
 * Takes over what other images have for a disk, while it is in use: cluster by cluster what it has nothing of itself
 * yet. Nothing that anybody reads changes by that. When all of it is durable, the header names what stays below; until
 * then whatever ends this leaves an image that is as right as before, with what it has taken over so far.
 */
export async function pullLayers(
  parts: PullParts,
  { layers, base }: Between,
  below: string | null,
  { signal, onProgress }: PullOptions,
): Promise<void> {
  const { file, header, locks, publisher } = parts;
  if (layers.length === 0) return;
  const next: NewBacking | null = base && below !== null ? { name: below, format: base.format } : null;
  await refuseBackingChange(file, header, next);
  const map = await mapOf(layers, header, base?.device.size ?? 0);
  const buffer = new Uint8Array(Math.max(pieceBytes, header.geometry.clusterSize));
  const total = map.markedBytes;
  let done = 0;
  onProgress?.(done, total);
  const proceed = (): void => {
    parts.refuseClosed();
    if (signal?.aborted) throw new Failure('cancelled', phrase('merge.ended'));
  };
  for (const { offset, length } of map.runs(buffer.length)) {
    await holding(locks, header.geometry, offset, length, async () => {
      proceed();
      await pullPiece(parts, offset, buffer.subarray(0, length), base?.device.size ?? 0);
    });
    onProgress?.((done += length), total);
  }
  // Most of it while the guest goes on; what it writes meanwhile follows while it waits.
  proceed();
  await publisher.publish();
  await locks.run(0, Infinity, true, async () => {
    proceed();
    // Also what the guest has written hides what was below, and so it must be durable first.
    await publisher.publishAndThen(() => changeBacking(file, header, next, () => publisher.barrier()));
    parts.setBasis(base);
  });
  const last = layers.at(-1);
  if (last && isLayer(last)) last.leaveBasis();
  await layers[0]?.close();
}

/** The clusters that would read otherwise if the layers were not there. @param below how long the disk below them is */
async function mapOf(layers: readonly BlockDevice[], header: Header, below: number): Promise<PieceMap> {
  const { size } = header;
  const map = new PieceMap(size, header.geometry.clusterSize);
  for (const layer of layers) {
    if (isLayer(layer)) {
      for await (const { offset, length } of layer.ownStretches()) map.mark(offset, length);
    } else {
      map.mark(0, layer.size);
    }
    // Behind its end a layer reads as zeros, whatever is below it.
    const end = Math.min(size, below);
    if (layer.size < end) map.mark(layer.size, end - layer.size);
  }
  return map;
}

/** Takes over what a part of the disk has nothing of yet. @param below how long the disk is that stays below */
async function pullPiece(
  { header, tables, reader, writer }: PullParts,
  from: number,
  buffer: Uint8Array,
  below: number,
): Promise<void> {
  const { geometry } = header;
  for (const { offset, length } of await missing(tables, geometry, from, buffer.length)) {
    const data = buffer.subarray(offset - from, offset - from + length);
    await reader.readInto(data, offset);
    for (const { at, bytes, isZero } of alike(data, geometry.clusterSize)) {
      const position = offset + at;
      // Where nothing is below, what is not there reads as zeros anyway.
      if (isZero && position >= below) continue;
      if (isZero && geometry.version === 3) {
        await writer.writeZeroClusters(position, roundUp(bytes.length, geometry.clusterSize));
      } else {
        await writer.write(position, bytes);
      }
    }
  }
}

/** The parts that an image takes from below, in whole clusters but for the end of the disk. */
async function missing(
  tables: L2Tables,
  geometry: Geometry,
  from: number,
  length: number,
): Promise<Stretch[]> {
  const { clusterSize, l2Coverage } = geometry;
  const found: Stretch[] = [];
  const end = from + length;
  for (let position = from; position < end;) {
    const l1Index = Math.floor(position / l2Coverage);
    const tableEnd = Math.min(end, (l1Index + 1) * l2Coverage);
    const table = await tables.get(l1Index);
    for (; position < tableEnd; position += clusterSize) {
      const index = (position % l2Coverage) / clusterSize;
      if (table && decodeL2(table.view, index, geometry).kind !== 'unallocated') continue;
      const piece = Math.min(clusterSize, end - position);
      const last = found.at(-1);
      if (last && last.offset + last.length === position) last.length += piece;
      else found.push({ offset: position, length: piece });
    }
  }
  return found;
}

/** Clusters that follow one another and are all zeros, or none of them. */
function* alike(
  data: Uint8Array,
  clusterSize: number,
): Generator<{ at: number; bytes: Uint8Array; isZero: boolean }> {
  const isZeroAt = (at: number): boolean => {
    const cluster = data.subarray(at, at + clusterSize);
    return Buffer.compare(cluster, zeros.subarray(0, cluster.length)) === 0;
  };
  for (let at = 0; at < data.length;) {
    const isZero = isZeroAt(at);
    let end = at + clusterSize;
    while (end < data.length && isZeroAt(end) === isZero) end += clusterSize;
    end = Math.min(end, data.length);
    yield { at, bytes: data.subarray(at, end), isZero };
    at = end;
  }
}

function holding(
  locks: RangeLock,
  { clusterSize }: Geometry,
  offset: number,
  length: number,
  work: () => Promise<void>,
): Promise<void> {
  return locks.run(offset / clusterSize, Math.ceil((offset + length) / clusterSize), true, work);
}
