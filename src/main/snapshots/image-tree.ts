import { relative, sep } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { backingOf } from '../disks/chain/chain';
import { inspectDisk } from '../disks/inspect';
import { imagesOf, type ImageTree } from './plan-delete';
import { inFolder, type SnapshotRecord } from './record';

/** A path inside a machine's folder, with forward slashes; undefined for one outside. */
export function innerPathOf(folder: string, path: string): string | undefined {
  const inner = relative(folder, path).split(sep);
  return inner[0] === '..' || inner[0] === '' ? undefined : inner.join('/');
}

/**
 * What the images of snapshots and of the present state are based on.
 *
 * @param present inside the machine's folder
 * @throws Failure `disk.unsupported` for one that is based on an image outside of the folder, and as `inspectDisk`
 */
export async function readImageTree(
  folder: string,
  records: readonly SnapshotRecord[],
  present: string[],
): Promise<ImageTree> {
  const below = new Map<string, string | null>();
  for (const start of [...records.flatMap(imagesOf), ...present]) {
    for (let image: string | null = start; image !== null && !below.has(image);) {
      const backing = await backingOf(inFolder(folder, image));
      const next: string | null = backing === undefined ? null : (innerPathOf(folder, backing) ?? null);
      if (backing !== undefined && next === null) {
        throw new Failure('disk.unsupported', phrase('snapshot.outside', { image }));
      }
      below.set(image, next);
      image = next;
    }
  }
  return { below, present };
}

/** What would be lost by merging is not merged. @throws Failure `disk.unsupported`, and as `inspectDisk` */
export async function refuseForeignFeatures(folder: string, layers: readonly string[]): Promise<void> {
  for (const layer of layers) {
    if (!(await inspectDisk(inFolder(folder, layer))).readOnlyFeatures) continue;
    throw new Failure('disk.unsupported', phrase('snapshot.otherProgram', { image: layer }), {
      hint: phrase('snapshot.otherProgramHint'),
    });
  }
}
