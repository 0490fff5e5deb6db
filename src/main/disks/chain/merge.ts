import { unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { BlockDevice } from '../block-device';
import { type HostFile, openHostFile } from '../host-file';
import { openRawFile } from '../raw/raw-disk';
import { createQcow2 } from '../qcow2/create';
import { openQcow2File } from '../qcow2/open';
import { Qcow2Disk } from '../qcow2/qcow2-disk';
import { EarlyWriter, withoutSync } from './late-sync';
import { formatOf } from './chain';
import { PieceMap } from './piece-map';

/** Images that become one. */
export interface MergeRequest {
  /** The newest first; each is based on the next. */
  layers: string[];
  /** What the last of them is based on; null for nothing. In the folder of `target`. */
  below: string | null;
  /** A new file. */
  target: string;
}

export interface MergeOptions {
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Clusters of the new image; smaller ones in the old are rounded to these. */
const pieceSize = 65536;
/** Read, written and compared at a time, in bytes. */
const chunkSize = 2 * 2 ** 20;
/** So much is copied before it is compared, in bytes. */
const partBytes = 128 * 2 ** 20;
const zeros = new Uint8Array(pieceSize);
const noBytes = new Uint8Array(0);

/**
 * Makes one image of several, with the same contents for a guest and for every image on top. The old ones are only
 * read. Everything that was written is read back and compared before this resolves; then it is durable.
 *
 * @throws Failure `cancelled`, `disk.corrupt` when it does not compare, and what images and host say; nothing is
 * left of the target then
 */
export async function mergeImages(request: MergeRequest, options: MergeOptions = {}): Promise<void> {
  const { layers, below, target } = request;
  if (below !== null && dirname(below) !== dirname(target)) {
    throw new Failure('internal', 'A merged image belongs into the folder of what it is based on');
  }
  const opened = await openLayers(layers, false);
  try {
    const [view] = opened;
    if (!view) throw new Failure('internal', 'Nothing to merge');
    const map = await mapOf(opened);
    await createQcow2(target, {
      virtualSize: view.size,
      clusterSize: pieceSize,
      ...(below === null ? {} : { backingFile: basename(below), backingFormat: formatOf(below) }),
    });
    try {
      const total = map.markedBytes * 2;
      let done = 0;
      const tell = (length: number): void => options.onProgress?.((done += length), total);
      const made = await openHostFile(target, { readOnly: false });
      // What has been written is read back and compared while the rest is being copied.
      let compared = Promise.resolve();
      const compareBehind = (part: Part): void => {
        compared = compared.then(() => compare(view, made, map, part, tell, options.signal));
        compared.catch(() => undefined); // told below
      };
      try {
        await copy(view, made, map, below !== null, tell, options.signal, compareBehind);
        // Nobody uses it before it is durable, so that it may become that as a whole.
        await made.datasync();
        await compared;
      } finally {
        await compared.catch(() => undefined);
        await made.close();
      }
    } catch (error) {
      await unlink(target);
      throw error;
    }
  } finally {
    await Promise.all(opened.map((disk) => disk.close()));
  }
}

/**
 * What the merged image would occupy at most, in bytes. Also for images that are in use.
 * @throws Failure what images and host say
 */
export async function measureMerge(layers: string[]): Promise<number> {
  const opened = await openLayers(layers, true);
  try {
    return (await mapOf(opened)).markedBytes;
  } finally {
    await Promise.all(opened.map((disk) => disk.close()));
  }
}

/**
 * The parts of a disk that any of its images says something about, each of at most `longest` bytes: everything else
 * reads as zeros. @param layers all images of the chain, the newest first
 * @throws Failure what images and host say
 */
export async function writtenRuns(
  layers: string[],
  longest: number,
): Promise<{ offset: number; length: number }[]> {
  const opened = await openLayers(layers, true);
  try {
    return [...(await mapOf(opened)).runs(longest)];
  } finally {
    await Promise.all(opened.map((disk) => disk.close()));
  }
}

async function openLayers(layers: string[], unlocked: boolean): Promise<BlockDevice[]> {
  const opened: BlockDevice[] = [];
  try {
    for (const path of layers) {
      const file = await openHostFile(path, { readOnly: true, unlocked });
      opened.push(
        formatOf(path) === 'raw' ? await openRawFile(file) : await openQcow2File(file, { readOnly: true }),
      );
    }
    return opened;
  } catch (error) {
    await Promise.all(opened.map((disk) => disk.close()));
    throw error;
  }
}

/** The pieces that do not come from below all layers. */
async function mapOf(layers: BlockDevice[]): Promise<PieceMap> {
  const size = layers[0]?.size ?? 0;
  const map = new PieceMap(size, pieceSize);
  for (const layer of layers) {
    if (layer instanceof Qcow2Disk) {
      for await (const { offset, length } of layer.ownStretches()) map.mark(offset, length);
    } else {
      map.mark(0, layer.size);
    }
    // Behind its end a layer reads as zeros, even if what is below were longer.
    if (layer.size < size) map.mark(layer.size, size - layer.size);
  }
  return map;
}

/** A part of a disk, in bytes; `to` is not included. */
interface Part {
  from: number;
  to: number;
}

/** @param written told of each part that can be read back from the file */
async function copy(
  view: BlockDevice,
  target: HostFile,
  map: PieceMap,
  hasBelow: boolean,
  tell: (length: number) => void,
  signal: AbortSignal | undefined,
  written: (part: Part) => void,
): Promise<void> {
  const disk = await openQcow2File(withoutSync(target), { readOnly: false });
  const host = new EarlyWriter(target);
  let from = 0;
  let copied = 0;
  try {
    for await (const { offset, data } of readAhead([view], map)) {
      refuseIfCancelled(signal);
      const [bytes = noBytes] = data;
      for (const { at, length, empty } of stretches(bytes)) {
        if (!empty) await disk.write(offset + at, bytes.subarray(at, at + length));
        // Zeros hide what is below; where there is nothing below they need not be said.
        else if (hasBelow) await disk.writeZeros(offset + at, length);
      }
      tell(bytes.length);
      host.wrote(bytes.length);
      copied += bytes.length;
      if (copied < partBytes) continue;
      copied = 0;
      await disk.flush();
      written({ from, to: offset + bytes.length });
      from = offset + bytes.length;
    }
  } catch (error) {
    // What happened first is what counts: closing a disk that cannot be written may fail as well.
    await disk.close().catch(() => undefined);
    throw error;
  } finally {
    await host.end();
  }
  await disk.close();
  written({ from, to: view.size });
}

async function compare(
  view: BlockDevice,
  target: HostFile,
  map: PieceMap,
  part: Part,
  tell: (length: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const disk = await openQcow2File(withoutSync(target), { readOnly: true });
  try {
    for await (const { data } of readAhead([view, disk], map, part)) {
      refuseIfCancelled(signal);
      const [expected = noBytes, found = noBytes] = data;
      if (Buffer.compare(expected, found) !== 0) {
        throw new Failure('disk.corrupt', phrase('image.mergeWrong', { path: target.path }), {
          hint: phrase('image.mergeWrongHint'),
        });
      }
      tell(found.length);
    }
  } finally {
    await disk.close();
  }
}

/**
 * What the map has marked, in order, as each of the disks has it; the next part is read while one is dealt with. The
 * same arrays are filled again and again: allocating them costs more than copying.
 */
async function* readAhead(
  disks: readonly BlockDevice[],
  map: PieceMap,
  part?: Part,
): AsyncGenerator<{ offset: number; data: Uint8Array[] }> {
  let [free, taken] = [0, 1].map(() => disks.map(() => new Uint8Array(chunkSize)));
  let before: { offset: number; reading: Promise<Uint8Array[]> } | undefined;
  try {
    for (const { offset, length } of map.runs(chunkSize, part?.from, part?.to)) {
      const parts = free?.map((buffer) => buffer.subarray(0, length)) ?? [];
      [free, taken] = [taken, free];
      const reads = disks.map((disk, index) => disk.readInto(offset, parts[index] ?? noBytes));
      const reading = Promise.all(reads).then(() => parts);
      reading.catch(() => undefined); // told when its turn comes, if that comes
      const now = before;
      before = { offset, reading };
      if (now) yield { offset: now.offset, data: await now.reading };
    }
    if (before) yield { offset: before.offset, data: await before.reading };
  } finally {
    // Nobody closes the disks while they are being read.
    await before?.reading.catch(() => undefined);
  }
}

/** Pieces that follow one another and are all zeros, or none of them. */
function* stretches(data: Uint8Array): Generator<{ at: number; length: number; empty: boolean }> {
  let stretch: { at: number; length: number; empty: boolean } | undefined;
  for (let at = 0; at < data.length; at += pieceSize) {
    const piece = data.subarray(at, at + pieceSize);
    const empty = Buffer.compare(piece, zeros.subarray(0, piece.length)) === 0;
    if (stretch?.empty === empty) {
      stretch.length += piece.length;
      continue;
    }
    if (stretch) yield stretch;
    stretch = { at, length: piece.length, empty };
  }
  if (stretch) yield stretch;
}

function refuseIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Failure('cancelled', phrase('task.mergeCancelled'));
}
