import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Geometry } from './geometry';

/**
 * The 64-bit entries of L1 and L2 tables (qcow2 specification, "Cluster mapping"), read as two halves because a
 * position in a file always fits a JavaScript number.
 */

const copiedBit = 0x80000000;
const compressedBit = 0x40000000;
const zeroBit = 1;

/** Where a table or cluster is in the image file. `copied`: it has one reference only, so it may be changed in place. */
export interface Place {
  offset: number;
  copied: boolean;
}

/** What an L2 entry says about one guest cluster. A zero cluster may keep a place for data (else `offset` is 0). */
export type Cluster =
  | { kind: 'unallocated' }
  | ({ kind: 'zero' } & Place)
  | ({ kind: 'data' } & Place)
  | { kind: 'compressed'; offset: number; length: number };

const unallocated: Cluster = { kind: 'unallocated' };

function splitEntry(view: DataView, index: number): { high: number; low: number } {
  return { high: view.getUint32(index * 8), low: view.getUint32(index * 8 + 4) };
}

function placeOf(high: number, low: number, geometry: Geometry, what: string): Place {
  const offset = (high & 0x00ffffff) * 2 ** 32 + ((low & 0xfffffe00) >>> 0);
  if (offset % geometry.clusterSize !== 0 || !Number.isSafeInteger(offset + geometry.clusterSize)) {
    throw new Failure('disk.corrupt', phrase('image.damagedAt', { what, offset }));
  }
  return { offset, copied: high >>> 31 === 1 };
}

/** @returns undefined where there is no L2 table */
export function decodeL1(view: DataView, index: number, geometry: Geometry): Place | undefined {
  const { high, low } = splitEntry(view, index);
  if ((high & 0x7f000000) !== 0 || (low & 0x1ff) !== 0) throw reserved('L1');
  const place = placeOf(high, low, geometry, 'an L2 table');
  return place.offset === 0 ? undefined : place;
}

export function decodeL2(view: DataView, index: number, geometry: Geometry): Cluster {
  const { high, low } = splitEntry(view, index);
  if (high === 0 && low === 0) return unallocated;
  if (high & compressedBit) return decodeCompressed(view, index, geometry);
  if ((high & 0x3f000000) !== 0 || (low & 0x1fe) !== 0) throw reserved('L2');
  const place = placeOf(high, low, geometry, 'a data cluster');
  if (low & zeroBit) {
    if (geometry.version === 2) throw reserved('L2');
    return { kind: 'zero', ...place };
  }
  return place.offset === 0 ? unallocated : { kind: 'data', ...place };
}

function decodeCompressed(view: DataView, index: number, geometry: Geometry): Cluster {
  const entry = view.getBigUint64(index * 8);
  const offsetBits = BigInt(62 - (geometry.clusterBits - 8));
  const offset = entry & ((1n << offsetBits) - 1n);
  const sectors = ((entry & ((1n << 62n) - 1n)) >> offsetBits) + 1n;
  if (offset > BigInt(Number.MAX_SAFE_INTEGER - 4 * geometry.clusterSize)) throw reserved('L2');
  return { kind: 'compressed', offset: Number(offset), length: Number(sectors * 512n - (offset & 511n)) };
}

/** Makes an entry for a table or cluster with one reference. `offset` 0 with `zero` is a zero cluster without a place. */
export function encodePlace(view: DataView, index: number, offset: number, zero = false): void {
  const high = Math.floor(offset / 2 ** 32);
  view.setUint32(index * 8, (offset === 0 ? high : high | copiedBit) >>> 0);
  view.setUint32(index * 8 + 4, ((offset % 2 ** 32) | (zero ? zeroBit : 0)) >>> 0);
}

function reserved(table: string): Failure {
  return new Failure('disk.corrupt', phrase('image.impossibleBits', { table }));
}
