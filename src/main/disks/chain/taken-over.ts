import type { BlockDevice } from '../block-device';
import { openHostFile } from '../host-file';
import { Qcow2Disk } from '../qcow2/qcow2-disk';
import { openQcow2File } from '../qcow2/open';
import { openRawFile } from '../raw/raw-disk';
import { formatOf } from './chain';
import { PieceMap } from './piece-map';

/**
 * Whether an image has something of its own, by the tables in its file, for every cluster that other images below it
 * say something about: whether it would read the same without them. Also for images that are in use.
 *
 * @throws Failure what images and host say
 */
export async function hasTakenOver(image: string, layers: readonly string[]): Promise<boolean> {
  return (await bytesToTakeOver(image, layers)) === 0;
}

/**
 * How much an image has yet to take over so that it would read the same without others below it, in bytes at most.
 *
 * @throws Failure what images and host say
 */
export async function bytesToTakeOver(image: string, layers: readonly string[]): Promise<number> {
  const top = await openUnlocked(image);
  try {
    if (!(top instanceof Qcow2Disk)) return 0;
    const own = new PieceMap(top.size, top.clusterSize);
    for await (const { offset, length } of top.ownStretches()) own.mark(offset, length);
    const missing = new PieceMap(top.size, top.clusterSize);
    for (const path of layers) await markMissing(path, own, missing);
    return missing.markedBytes;
  } finally {
    await top.close();
  }
}

async function markMissing(path: string, own: PieceMap, missing: PieceMap): Promise<void> {
  const layer = await openUnlocked(path);
  try {
    const mark = (offset: number, length: number): void => {
      const end = Math.min(own.size, offset + length);
      const { pieceSize } = own;
      for (let at = offset - (offset % pieceSize); at < end; at += pieceSize) {
        if (!own.has(at / pieceSize)) missing.mark(at, 1);
      }
    };
    if (!(layer instanceof Qcow2Disk)) mark(0, layer.size);
    else for await (const { offset, length } of layer.ownStretches()) mark(offset, length);
  } finally {
    await layer.close();
  }
}

async function openUnlocked(path: string): Promise<BlockDevice> {
  const file = await openHostFile(path, { readOnly: true, unlocked: true });
  return formatOf(path) === 'raw' ? openRawFile(file) : openQcow2File(file, { readOnly: true });
}
