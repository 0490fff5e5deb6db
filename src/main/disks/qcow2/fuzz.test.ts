import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import type { HostFile } from '../host-file';
import { MemoryFile } from '../testing/memory-file';
import { writeEmptyImage } from './create';
import { openQcow2File } from './open';

/**
 * Images come from strangers. Whatever stands in their headers and tables, the driver gives an answer or a
 * `Failure`, soon and in bounded memory; a defect would show as another kind of error.
 */

const diskSize = 400_000;

async function sampleImage(clusterSize: number): Promise<Uint8Array> {
  const file = new MemoryFile();
  await writeEmptyImage(file, { virtualSize: diskSize, clusterSize });
  const disk = await openQcow2File(file, { readOnly: false });
  for (let i = 0; i < 12; i++) await disk.write(i * 31_000, new Uint8Array(9_000).fill(i + 1));
  await disk.close();
  return file.contents;
}

/** Makes the first allocated cluster of an image a compressed one (with clusters of 4 KiB). */
function compressFirst(image: Uint8Array): Uint8Array {
  const view = new DataView(image.buffer);
  const l2 = Number(view.getBigUint64(Number(view.getBigUint64(40))) & 0x00fffffffffffe00n);
  const packed = deflateRawSync(new Uint8Array(4096).fill(3));
  const place = image.length;
  const longer = new Uint8Array(place + 4096);
  longer.set(image);
  longer.set(packed, place);
  new DataView(longer.buffer).setBigUint64(l2, (1n << 62n) | BigInt(place));
  return longer;
}

function pseudoRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Where it hurts: header fields, and the beginnings of all clusters, which is where tables are. */
function mutate(image: Uint8Array, clusterSize: number, random: (below: number) => number): Uint8Array {
  const result = image.slice(0, random(20) === 0 ? random(image.length) : image.length);
  const view = new DataView(result.buffer);
  const extremes = [
    0n,
    1n,
    2n,
    511n,
    512n,
    0xffffn,
    0x7fffffffn,
    0xffffffffn,
    1n << 62n,
    1n << 63n,
    (1n << 64n) - 1n,
  ];
  for (let count = 1 + random(3); count > 0; count--) {
    const clusters = Math.floor(result.length / clusterSize);
    const position =
      random(2) === 0
        ? 4 * random(32)
        : random(Math.max(1, clusters)) * clusterSize + 8 * random(clusterSize / 8);
    if (position + 8 > result.length) continue;
    switch (random(4)) {
      case 0:
        view.setUint8(position + random(8), random(256));
        break;
      case 1:
        view.setBigUint64(position, extremes[random(extremes.length)] ?? 0n);
        break;
      case 2:
        view.setUint32(position, random(2 ** 32));
        break;
      default:
        // A plausible place: another cluster of the file, marked as owned.
        view.setBigUint64(position, (1n << 63n) | BigInt(random(clusters + 2) * clusterSize));
    }
  }
  return result;
}

async function use(file: HostFile, readOnly: boolean): Promise<void> {
  const disk = await openQcow2File(file, { readOnly, backingFiles: 'refuse' });
  try {
    await attempt(() => disk.read(0, Math.min(disk.size, diskSize)));
    if (readOnly) return;
    for (let i = 0; i < 3; i++) {
      const length = Math.min(20_000, disk.size);
      await attempt(() =>
        disk.write(Math.min(i * 130_000, disk.size - length), new Uint8Array(length).fill(9)),
      );
    }
    await attempt(() => disk.flush());
    await attempt(() => disk.grow(disk.size + 100_000));
  } finally {
    await attempt(() => disk.close());
  }
}

/** @throws whatever is not an honest `Failure` */
async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (error instanceof Failure && error.code !== 'internal') return false;
    throw error;
  }
}

describe('a damaged or malicious image', () => {
  it.each([
    [512, 1],
    [4096, 2],
    [65536, 3],
  ])('is refused or used, never a defect (clusters of %i bytes)', async (clusterSize, seed) => {
    const sound = await sampleImage(clusterSize);
    const image = clusterSize === 4096 ? compressFirst(sound) : sound;
    const random = pseudoRandom(seed);
    let opened = 0;
    const rounds = 700;
    for (let round = 0; round < rounds; round++) {
      const mutated = mutate(image, clusterSize, random);
      const readOnly = round % 3 === 0;
      const file = new MemoryFile(mutated, readOnly);
      file.immediate = true;
      if (await attempt(() => use(file, readOnly))) opened++;
      expect(file.closed).toBe(true);
      expect(file.contents.length).toBeLessThan(64 * 2 ** 20);
    }
    // Both ways were tried.
    expect(opened).toBeGreaterThan(rounds / 20);
    expect(opened).toBeLessThan(rounds);
  });
});
