import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { BlockDevice } from './block-device';
import { chainOf, formatOf } from './chain/chain';
import { writtenRuns } from './chain/merge';
import { PieceMap } from './chain/piece-map';
import { hostFailure, openHostFile } from './host-file';
import type { DiskFormat } from './image-format';
import { nameNew, refuseExisting } from './name-new';
import { openDisk } from './open-disk';
import { createQcow2 } from './qcow2/create';
import { openQcow2 } from './qcow2/open';
import { Qcow2Disk } from './qcow2/qcow2-disk';

export interface ExportRequest {
  source: string;
  /** A new file. */
  target: string;
  format: DiskFormat;
  /** `library`: one of our own, with all that it is based on. `stranger`: it may not draw other files in. */
  from: 'library' | 'stranger';
}

export interface ExportOptions {
  /** Bytes copied and compared, and twice the bytes that the disk holds. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

const chunkSize = 2 ** 20;
/** Zeros are left out in pieces of the new image's cluster size. */
const pieceSize = 65536;
const zeros = new Uint8Array(pieceSize);

/**
 * Writes what a guest sees of a disk into one new image, raw or qcow2. It is read back and compared, and only then
 * gets its name: after a failure or a cancellation nothing is left of it, after a crash at most a `.part` file.
 *
 * @throws Failure `cancelled`, `file.*`, `disk.*`, `medium.*`; `disk.corrupt` when it does not compare
 */
export async function exportDisk(request: ExportRequest, options: ExportOptions = {}): Promise<void> {
  const { target, format } = request;
  const source = await openSource(request);
  const unfinished = `${target}.${randomBytes(4).toString('hex')}.part`;
  try {
    await refuseExisting(target);
    const runs = await runsOf(request, source);
    await copyInto(unfinished, format, source, runs, options);
    await compare(source, unfinished, format, runs, options);
    await nameNew(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw hostFailure(error, 'create', target);
  } finally {
    await source.close();
  }
}

function openSource({ source, from }: ExportRequest): Promise<BlockDevice> {
  if (from === 'library') return openDisk(source, { readOnly: true, format: formatOf(source) });
  return openDisk(source, { readOnly: true, backingFiles: 'refuse' });
}

async function copyInto(
  path: string,
  format: DiskFormat,
  source: BlockDevice,
  runs: readonly Run[],
  options: ExportOptions,
): Promise<void> {
  const target = await createTarget(path, format, source.size);
  try {
    await each(source, runs, options, 0, async (offset, data) => {
      for (let at = 0; at < data.length; at += pieceSize) {
        const piece = data.subarray(at, at + pieceSize);
        if (!isZero(piece)) await target.write(offset + at, piece);
      }
    });
  } catch (error) {
    // What happened first is what counts: closing a disk that cannot be written may fail as well.
    await target.close().catch(() => undefined);
    throw error;
  }
  await target.close();
}

interface Target {
  write(offset: number, data: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

async function createTarget(path: string, format: DiskFormat, size: number): Promise<Target> {
  if (format === 'qcow2') {
    await createQcow2(path, { virtualSize: size, clusterSize: pieceSize });
    return openQcow2(path, { readOnly: false });
  }
  const file = await openHostFile(path, { readOnly: false, create: true });
  return {
    write: (offset, data) => file.write(data, offset),
    async close() {
      try {
        await file.truncate(size);
        await file.datasync();
      } finally {
        await file.close();
      }
    },
  };
}

async function compare(
  source: BlockDevice,
  path: string,
  format: DiskFormat,
  runs: readonly Run[],
  options: ExportOptions,
): Promise<void> {
  const made = await openDisk(path, { readOnly: true, format });
  try {
    const different = (): Failure =>
      new Failure('disk.corrupt', phrase('image.newWrong', { path }), {
        hint: phrase('image.originalHint'),
      });
    // A qcow2 image is as long as whole sectors.
    if (made.size < source.size || made.size - source.size >= 512) throw different();
    await each(source, runs, options, 1, async (offset, data) => {
      if (Buffer.compare(await made.read(offset, data.length), data) !== 0) throw different();
    });
  } finally {
    await made.close();
  }
}

async function each(
  source: BlockDevice,
  runs: readonly Run[],
  { onProgress, signal }: ExportOptions,
  round: 0 | 1,
  use: (offset: number, data: Uint8Array) => Promise<void>,
): Promise<void> {
  const total = runs.reduce((sum, { length }) => sum + length, 0);
  let done = total * round;
  for (const { offset, length } of runs) {
    if (signal?.aborted) throw new Failure('cancelled', phrase('task.conversionCancelled'));
    await use(offset, await source.read(offset, length));
    onProgress?.((done += length), total * 2);
  }
}

/** A part of a disk, in bytes. */
interface Run {
  offset: number;
  length: number;
}

/** What has to be looked at: of a big disk with little in it that is little. */
async function runsOf({ source: path, from }: ExportRequest, source: BlockDevice): Promise<Run[]> {
  if (from === 'library') return writtenRuns(await chainOf(path), chunkSize);
  const map = new PieceMap(source.size, pieceSize);
  if (source instanceof Qcow2Disk) {
    for await (const { offset, length } of source.ownStretches()) map.mark(offset, length);
  } else {
    map.mark(0, source.size);
  }
  return [...map.runs(chunkSize)];
}

const isZero = (piece: Uint8Array): boolean => Buffer.compare(piece, zeros.subarray(0, piece.length)) === 0;
