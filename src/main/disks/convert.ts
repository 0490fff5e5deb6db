import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { BlockDevice } from './block-device';
import { hostFailure } from './host-file';
import { nameNew, refuseExisting } from './name-new';
import { createQcow2 } from './qcow2/create';
import { openQcow2 } from './qcow2/open';

export interface ConvertOptions {
  /** Bytes looked at, and bytes in all. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
  /** Of the new disk, in bytes, at least the source's; the rest are zeros. The source's if not given. */
  virtualSize?: number;
}

/** Bytes copied at a time; cancelling takes effect between two of them. */
const chunkSize = 2 ** 20;
/** Zeros are left out in pieces of the new image's cluster size. */
const pieceSize = 65536;
const zeros = new Uint8Array(pieceSize);

/**
 * Copies a disk into a new qcow2 image without a backing file. The image appears under its name when it is
 * complete and durable; after a failure or a cancellation nothing is left of it.
 *
 * @throws Failure `cancelled`, `file.exists`, `file.no-space` and whatever the source says
 */
export async function convertDisk(
  source: BlockDevice,
  target: string,
  options: ConvertOptions = {},
): Promise<void> {
  const { virtualSize = source.size } = options;
  if (virtualSize < source.size) {
    throw new Failure('input.invalid', phrase('image.doesNotFit', { size: source.size, room: virtualSize }));
  }
  await refuseExisting(target);
  const unfinished = `${target}.${randomBytes(4).toString('hex')}.part`;
  try {
    await createQcow2(unfinished, { virtualSize, clusterSize: pieceSize });
    await copyInto(unfinished, source, options);
    stopIfCancelled(options.signal);
    await nameNew(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw hostFailure(error, 'create', target);
  }
}

async function copyInto(path: string, source: BlockDevice, options: ConvertOptions): Promise<void> {
  const { onProgress, signal } = options;
  const disk = await openQcow2(path, { readOnly: false });
  try {
    for (let position = 0; position < source.size; position += chunkSize) {
      stopIfCancelled(signal);
      const chunk = await source.read(position, Math.min(chunkSize, source.size - position));
      for (const { from, to } of stretchesOfData(chunk))
        await disk.write(position + from, chunk.subarray(from, to));
      onProgress?.(position + chunk.length, source.size);
    }
  } catch (error) {
    // What happened first is what counts: closing a disk that cannot be written may fail as well.
    await disk.close().catch(() => undefined);
    throw error;
  }
  await disk.close();
}

/** The parts of a chunk that are not zeros, in whole pieces. */
function* stretchesOfData(chunk: Uint8Array): Generator<{ from: number; to: number }> {
  let from: number | undefined;
  for (let at = 0; at < chunk.length; at += pieceSize) {
    const piece = chunk.subarray(at, at + pieceSize);
    const empty = Buffer.compare(piece, zeros.subarray(0, piece.length)) === 0;
    if (empty && from !== undefined) yield { from, to: at };
    if (empty) from = undefined;
    else from ??= at;
  }
  if (from !== undefined) yield { from, to: chunk.length };
}

function stopIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Failure('cancelled', phrase('task.conversionCancelled'));
}
