import { Failure } from '@shared/errors';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { PlannedDisk } from './plan';

/** The block node of a disk's first image; `turn` counts those that were put on top while the machine ran. */
export function imageNode(disk: string, turn = 0): string {
  return turn === 0 ? `${disk}-image` : `${disk}-image-${turn}`;
}

/** Puts images on top of the disks of a running QEMU. */
export class DiskOverlays {
  #turn = 0;

  /** Precondition: the guest stands still. For all disks, or for none. @throws Failure */
  async put(
    client: QmpClient,
    disks: readonly PlannedDisk[],
    overlays: ReadonlyMap<string, string>,
  ): Promise<void> {
    const next = this.#turn + 1;
    const actions = disks.map(({ id }) => {
      const path = overlays.get(id);
      if (path === undefined) throw new Failure('input.invalid', `There is no image for the disk “${id}”.`);
      return {
        type: 'blockdev-snapshot-sync' as const,
        data: {
          'node-name': imageNode(id, this.#turn),
          'snapshot-file': path,
          'snapshot-node-name': imageNode(id, next),
          format: 'qcow2' as const,
          mode: 'existing' as const,
        },
      };
    });
    if (actions.length === 0) return;
    await client.execute('transaction', { actions }, 60_000);
    this.#turn = next;
  }
}
