import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { MemoryFile } from '../testing/memory-file';
import { checkQcow2File } from './check';
import { writeEmptyImage } from './create';
import { openQcow2File } from './open';

/**
 * Images come from strangers. Whatever stands in their headers and tables, the driver gives the data that the format
 * says is there or a `Failure`, soon and in bounded memory. What it writes is there afterwards, unless the check of the
 * image finds something wrong, such as a count that gives away a cluster in use. A defect would show as another kind
 * of error, as other data, or as a file that grows without measure.
 */

/** So many damaged images in all; `VIVARIUM_FUZZ=N` tries more. */
const total = Number(process.env['VIVARIUM_FUZZ'] ?? 100_000);
/** What no image may grow to, in bytes; the sound ones are a tenth of it at most. */
const mostBytes = 32 * 2 ** 20;
/** What the fuzzed images are written with: no other byte of them has this value. */
const mark = 0xa7;
const runOfMarks = Buffer.alloc(64, mark);

type Random = (below: number) => number;

function pseudoRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Sample {
  image: Uint8Array;
  clusterSize: number;
  /** Virtual size in bytes. */
  size: number;
  /** Where its tables begin, and how long they are, in bytes. */
  tables: { offset: number; length: number }[];
}

/** An image with data, zeros that hide something, holes and, on request, a compressed cluster. */
async function sample(clusterSize: number, clusters: number, compressed: boolean): Promise<Sample> {
  const file = new MemoryFile();
  file.immediate = true;
  const size = clusters * clusterSize;
  await writeEmptyImage(file, { virtualSize: size, clusterSize });
  const disk = await openQcow2File(file, { readOnly: false });
  for (let cluster = 0; cluster < clusters; cluster += 3) {
    const data = new Uint8Array(Math.min(2, clusters - cluster) * clusterSize).fill(cluster + 1);
    await disk.write(cluster * clusterSize, data);
  }
  await disk.writeZeros(3 * clusterSize, clusterSize);
  await disk.close();
  const image = compressed ? compressFirst(file.contents, clusterSize) : file.contents;
  return { image, clusterSize, size, tables: tablesOf(image, clusterSize) };
}

/** Makes the first allocated cluster of an image a compressed one. */
function compressFirst(image: Uint8Array, clusterSize: number): Uint8Array {
  const view = new DataView(image.buffer);
  const l2 = Number(view.getBigUint64(Number(view.getBigUint64(40))) & placeBits);
  const place = image.length;
  const longer = new Uint8Array(place + clusterSize);
  longer.set(image);
  longer.set(deflateRawSync(new Uint8Array(clusterSize).fill(3)), place);
  new DataView(longer.buffer).setBigUint64(l2, (1n << 62n) | BigInt(place));
  return longer;
}

const placeBits = 0x00fffffffffffe00n;

function tablesOf(image: Uint8Array, clusterSize: number): Sample['tables'] {
  const view = new DataView(image.buffer);
  const at = (offset: number): number => Number(view.getBigUint64(offset) & placeBits);
  const [l1, refcountTable] = [at(40), at(48)];
  return [
    { offset: 0, length: 128 },
    { offset: l1, length: 16 },
    { offset: at(l1), length: Math.min(clusterSize, 512) },
    { offset: refcountTable, length: 16 },
    { offset: at(refcountTable), length: Math.min(clusterSize, 128) },
  ];
}

const extremes = [0n, 1n, 2n, 511n, 512n, 0xffffn, 0x7fffffffn, 0xffffffffn, 1n << 62n, 1n << 63n];
extremes.push((1n << 64n) - 1n);

/** Damages one image in one to three places, most of them where it hurts: in the header and the tables. */
function mutate({ image, clusterSize, tables }: Sample, random: Random): Uint8Array {
  const cut = random(25) === 0;
  const result = image.slice(0, cut ? random(image.length) : image.length);
  const view = new DataView(result.buffer);
  for (let count = 1 + random(3); count > 0; count--) {
    const table = tables[random(tables.length)] ?? { offset: 0, length: 128 };
    const anywhere = random(10) === 0;
    const position = anywhere ? random(result.length) : table.offset + 4 * random(table.length / 4);
    if (position + 8 > result.length) continue;
    switch (random(5)) {
      case 0:
        view.setUint8(position + random(8), random(256));
        break;
      case 1:
        view.setBigUint64(position, extremes[random(extremes.length)] ?? 0n);
        break;
      case 2:
        view.setUint32(position, random(2 ** 32));
        break;
      case 3:
        result[position + random(8)]! ^= 1 << random(8);
        break;
      default:
        // A plausible place: another cluster of the file, marked as owned, or as one of zeros.
        view.setBigUint64(
          position,
          (1n << 63n) | BigInt(random(result.length / clusterSize + 2) * clusterSize + random(2)),
        );
    }
  }
  return result;
}

/**
 * What the format says that a guest finds in the first bytes of an image without a backing file: read as plainly as
 * can be, and without any check. Undefined where that makes no sense.
 */
function contentsBySpecification(image: Uint8Array, length: number): Uint8Array | undefined {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const clusterSize = 2 ** view.getUint32(20);
  const word = (offset: number): bigint => (offset + 8 <= image.length ? view.getBigUint64(offset) : 0n);
  const result = new Uint8Array(length);
  for (let start = 0; start < length; start += clusterSize) {
    const [index, perTable] = [start / clusterSize, clusterSize / 8];
    const l2 = Number(word(Number(word(40)) + Math.floor(index / perTable) * 8) & placeBits);
    const entry = l2 === 0 ? 0n : word(l2 + (index % perTable) * 8);
    const into = result.subarray(start, start + clusterSize);
    if (entry & (1n << 62n)) {
      const offsetBits = BigInt(62 - (view.getUint32(20) - 8));
      const offset = Number(entry & ((1n << offsetBits) - 1n));
      const sectors = Number((entry & ((1n << 62n) - 1n)) >> offsetBits) + 1;
      try {
        const packed = image.subarray(offset, offset - (offset % 512) + sectors * 512);
        into.set(inflateRawSync(packed, { maxOutputLength: clusterSize }).subarray(0, into.length));
      } catch {
        return undefined;
      }
    } else if ((entry & 1n) === 0n && (entry & placeBits) !== 0n) {
      const offset = Number(entry & placeBits);
      into.set(image.subarray(offset, offset + into.length));
    }
  }
  return result;
}

/** @returns whether it succeeded. @throws whatever is not an honest `Failure` */
async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code !== 'internal') return false;
    throw error;
  }
}

const equal = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  b !== undefined && Buffer.compare(a, b) === 0;

/** Uses one damaged image as a machine would. @throws Error when it is a defect */
async function use(mutated: Uint8Array, { size, clusterSize }: Sample, round: number): Promise<boolean> {
  const readOnly = round % 2 === 0;
  const file = new MemoryFile(mutated.slice(), readOnly);
  file.immediate = true;
  const written = new Set<number>();
  const opened = await attempt(async () => {
    const disk = await openQcow2File(file, { readOnly, backingFiles: 'refuse' });
    try {
      const length = Math.min(disk.size, size);
      let found: Uint8Array | undefined;
      if (await attempt(async () => (found = await disk.read(0, length)))) {
        demand(equal(found!, contentsBySpecification(mutated, length)), 'other data than there is');
      }
      if (readOnly) return;
      const data = new Uint8Array(clusterSize + 600).fill(mark);
      for (const offset of [700, 4 * clusterSize]) {
        if (offset + data.length > length) continue;
        if (await attempt(() => disk.write(offset, data))) written.add(offset);
      }
      if (!(await attempt(() => disk.flush()))) written.clear();
      if (round % 7 === 0) await attempt(() => disk.grow(disk.size + 3 * clusterSize));
      await demandMarks(disk, written, data.length, mutated);
    } finally {
      if (!(await attempt(() => disk.close()))) written.clear();
    }
  });
  demand(file.closed, 'it was not closed');
  demand(file.contents.length < mostBytes, `it grew to ${file.contents.length} bytes`);
  if (readOnly) demand(file.contents.length === mutated.length && file.log.length === 0, 'it was written to');
  if (opened && !readOnly) demandCleanTables(file.contents);
  if (round % 5 === 0) await hasErrors(mutated);
  if (written.size === 0) return opened;
  // What was flushed is there for whoever opens it next, or it cannot be opened.
  const again = new MemoryFile(file.contents, true);
  again.immediate = true;
  await attempt(async () => {
    const disk = await openQcow2File(again, { readOnly: true, backingFiles: 'refuse' });
    await demandMarks(disk, written, clusterSize + 600, mutated).finally(() => disk.close());
  });
  return opened;
}

async function demandMarks(
  disk: { read(offset: number, length: number): Promise<Uint8Array> },
  written: ReadonlySet<number>,
  length: number,
  original: Uint8Array,
): Promise<void> {
  for (const offset of written) {
    let found: Uint8Array | undefined;
    if (!(await attempt(async () => (found = await disk.read(offset, length))))) continue;
    if (found?.every((byte) => byte === mark)) continue;
    demand(await hasErrors(original), 'what was written is not there');
  }
}

/** Guest data never lands in what the image's own tables are: it could say which parts of the file the disk is. */
function demandCleanTables(image: Uint8Array): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const clusterSize = 2 ** view.getUint32(20);
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const clean = (offset: number, length: number): Buffer => {
    const table = bytes.subarray(offset, offset + length);
    demand(table.indexOf(runOfMarks) < 0, `guest data in the tables at ${offset}`);
    return table;
  };
  const cleanBelow = (offset: number, length: number): void => {
    const table = clean(offset, length);
    for (let at = 0; at + 8 <= table.length; at += 8) {
      const place = Number(table.readBigUInt64BE(at) & placeBits);
      if (place !== 0) clean(place, clusterSize);
    }
  };
  clean(0, 112);
  cleanBelow(Number(view.getBigUint64(40)), view.getUint32(36) * 8);
  cleanBelow(Number(view.getBigUint64(48)), view.getUint32(56) * clusterSize);
}

async function hasErrors(image: Uint8Array): Promise<boolean> {
  const file = new MemoryFile(image, true);
  file.immediate = true;
  let errors = 1;
  await attempt(async () => (errors = (await checkQcow2File(file)).errorCount));
  return errors > 0;
}

function demand(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

describe('a damaged or malicious image', () => {
  it.each([
    { clusterSize: 512, clusters: 80, compressed: false, share: 0.25, seed: 1 },
    { clusterSize: 4096, clusters: 12, compressed: true, share: 0.73, seed: 2 },
    { clusterSize: 65536, clusters: 6, compressed: false, share: 0.02, seed: 3 },
  ])(
    'is refused or used, never a defect (clusters of $clusterSize bytes)',
    async ({ clusterSize, clusters, compressed, share, seed }) => {
      const made = await sample(clusterSize, clusters, compressed);
      const random = pseudoRandom(seed);
      const rounds = Math.ceil(total * share);
      let opened = 0;
      for (let round = 0; round < rounds; round++) {
        const mutated = mutate(made, random);
        try {
          if (await use(mutated, made, round)) opened++;
        } catch (error) {
          throw new Error(`Round ${round} of ${rounds}`, { cause: error });
        }
      }
      // Both ways were tried.
      expect(opened).toBeGreaterThan(rounds / 10);
      expect(opened).toBeLessThan(rounds * 0.9);
    },
    300_000,
  );
});
