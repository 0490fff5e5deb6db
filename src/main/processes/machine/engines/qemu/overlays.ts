import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { PlannedDisk } from './plan';

/** The block node of a disk's first image; `turn` counts those that were put on top while the machine ran. */
export function imageNode(disk: string, turn = 0): string {
  return turn === 0 ? `${disk}-image` : `${disk}-image-${turn}`;
}

/**
 * The longest that a timer can wait, in milliseconds. Whether QEMU has put the images in place must be known, because
 * nobody may remove them then: so its answer, or its end, is waited for.
 */
const untilAnsweredMs = 2 ** 31 - 1;

/** Puts images on top of the disks of a running QEMU. */
export class DiskOverlays {
  /** By disk: how many were put on top of its first image, and the newest of them. */
  #tops = new Map<string, { first: string; turn: number; path: string }>();

  /** The disks with the images that they write to now. */
  present(disks: readonly PlannedDisk[]): PlannedDisk[] {
    return disks.map((disk) => ({ ...disk, path: this.#topOf(disk).path }));
  }

  /** The block node with the image that a disk writes to now, and where that lies. */
  top(disk: PlannedDisk): { node: string; path: string } {
    const { turn, path } = this.#topOf(disk);
    return { node: imageNode(disk.id, turn), path };
  }

  /** Precondition: the guest stands still. For all disks, or for none. @throws Failure: for none */
  async put(
    client: QmpClient,
    disks: readonly PlannedDisk[],
    overlays: ReadonlyMap<string, string>,
  ): Promise<void> {
    const actions = disks.map((disk) => {
      const { id } = disk;
      const { turn } = this.#topOf(disk);
      const path = overlays.get(id);
      if (path === undefined) throw new Failure('input.invalid', phrase('device.noImage', { disk: id }));
      return {
        type: 'blockdev-snapshot-sync' as const,
        data: {
          'node-name': imageNode(id, turn),
          'snapshot-file': path,
          'snapshot-node-name': imageNode(id, turn + 1),
          format: 'qcow2' as const,
          mode: 'existing' as const,
        },
      };
    });
    if (actions.length === 0) return;
    await client.execute('transaction', { actions }, untilAnsweredMs);
    this.#tops = new Map(
      disks.map((disk) => {
        const path = overlays.get(disk.id) ?? disk.path;
        return [disk.id, { first: disk.path, turn: this.#topOf(disk).turn + 1, path }];
      }),
    );
  }

  /** One that was removed, and another added in its place, begins anew. */
  #topOf({ id, path }: PlannedDisk): { turn: number; path: string } {
    const top = this.#tops.get(id);
    return top?.first === path ? top : { turn: 0, path };
  }
}
