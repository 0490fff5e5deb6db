import { basename, dirname } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { openHostFile } from '../host-file';
import { inspectDisk } from '../inspect';
import type { DiskFormat } from '../image-format';
import { createQcow2 } from '../qcow2/create';
import { readHeader } from '../qcow2/header';
import { openQcow2 } from '../qcow2/open';
import { L1Table } from '../qcow2/l1-table';

/** More images on top of one another than this are taken for a circle. */
const deepest = 4096;

/** What an image file is, by its name: never by its contents, into which a guest may have written anything. */
export function formatOf(path: string): DiskFormat {
  return path.toLowerCase().endsWith('.qcow2') ? 'qcow2' : 'raw';
}

/**
 * The images that a disk consists of, the newest first.
 *
 * @throws Failure `disk.corrupt` for a circle, `disk.unsupported` where it leads to no plain file, and as `inspectDisk`
 */
export async function chainOf(path: string): Promise<string[]> {
  const chain: string[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    if (chain.includes(next) || chain.length >= deepest) {
      throw new Failure('disk.corrupt', phrase('image.circle', { path }));
    }
    chain.push(next);
    next = await backingOf(next);
  }
  return chain;
}

/** The image that another one is based on; undefined for none. @throws Failure as `inspectDisk` */
export async function backingOf(path: string): Promise<string | undefined> {
  if (formatOf(path) === 'raw') return undefined;
  const { backingFile, backingPath } = await inspectDisk(path);
  if (backingFile !== undefined && backingPath === undefined) {
    throw new Failure('disk.unsupported', phrase('image.notPlain', { path, backing: backingFile }));
  }
  return backingPath;
}

/**
 * Makes an empty image of the same size on top of another one in the same folder.
 *
 * @throws Failure as `createQcow2` and `inspectDisk`; `disk.corrupt`, `disk.unsupported` for what cannot be frozen
 */
export async function createOverlay(path: string, below: string): Promise<void> {
  if (dirname(path) !== dirname(below)) {
    throw new Failure('internal', 'An overlay belongs into the folder of the image that it is based on');
  }
  const backingFormat = formatOf(below);
  const info = await inspectDisk(below);
  if (backingFormat === 'qcow2' && info.format !== 'qcow2') {
    throw new Failure('disk.unknown-format', phrase('imageUse.notQcow2', { path: below }));
  }
  await createQcow2(path, { virtualSize: info.virtualSize, backingFile: basename(below), backingFormat });
}

/** Whether nothing has been written to an image yet, as far as its file shows; also of one in use. @throws Failure */
export async function isUntouched(path: string): Promise<boolean> {
  if (formatOf(path) === 'raw') return false;
  const file = await openHostFile(path, { readOnly: true, unlocked: true });
  try {
    const l1 = await L1Table.load(file, await readHeader(file));
    for (let index = 0; index < l1.entries; index++) if (l1.get(index)) return false;
    return true;
  } finally {
    await file.close();
  }
}

/**
 * Puts an image in order that was not closed: its clusters are counted anew, its contents stay what they are. One
 * that is in use is left alone.
 *
 * @throws Failure as `openQcow2`
 */
export async function settleImage(path: string): Promise<void> {
  if (formatOf(path) === 'raw' || !(await inspectDisk(path)).dirty) return;
  try {
    await (await openQcow2(path, { readOnly: false })).close();
  } catch (error) {
    if (toErrorValue(error).code !== 'disk.in-use') throw error;
  }
}
