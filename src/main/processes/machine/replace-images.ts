import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { BlockDevice } from '../../disks/block-device';
import type { ImageOpener } from './images';

/** A disk of a guest that stands still. */
export interface ReplaceableDisk {
  readonly id: string;
  replace(open: () => Promise<BlockDevice>, reopen: () => Promise<BlockDevice>): Promise<void>;
}

/**
 * Opens other images for all disks, or for none of them.
 *
 * @param present where the images lie now, by the disks' ids
 * @returns where they lie afterwards
 * @throws Failure; the old images are open again then
 */
export async function replaceImages(
  disks: readonly ReplaceableDisk[],
  present: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
  opener: ImageOpener,
): Promise<Map<string, string>> {
  const pathOf = (paths: ReadonlyMap<string, string>, id: string): string => {
    const path = paths.get(id);
    if (path !== undefined) return path;
    throw new Failure('input.invalid', phrase('device.noImage', { disk: id }));
  };
  const moves = disks.map((disk) => ({
    disk,
    from: pathOf(present, disk.id),
    to: pathOf(wanted, disk.id),
  }));
  const moved: typeof moves = [];
  try {
    for (const move of moves) {
      const { disk, from, to } = move;
      await disk.replace(
        () => opener.disk(to),
        () => opener.disk(from),
      );
      moved.push(move);
    }
  } catch (error) {
    for (const { disk, from, to } of moved.reverse()) {
      await disk.replace(
        () => opener.disk(from),
        () => opener.disk(to),
      );
    }
    throw error;
  }
  return new Map(moves.map(({ disk, to }) => [disk.id, to]));
}
