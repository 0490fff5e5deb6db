import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { BlockDevice, PullOptions } from '../../disks/block-device';

/**
 * Merges what lies below an open disk of a running machine into it; see `RunningMachine.mergeDisk`.
 *
 * @param isClosed the machine has closed the disk, which ends this
 * @throws Failure as `mergeDisk`
 */
export async function pullInto(
  device: BlockDevice,
  disk: string,
  below: string | null,
  options: PullOptions,
  isClosed: () => boolean,
): Promise<void> {
  if (!device.pull) throw new Failure('disk.unsupported', phrase('merge.imageCannot', { disk }));
  try {
    await device.pull(below, options);
  } catch (error) {
    if (isClosed()) throw new Failure('cancelled', phrase('merge.machineEnded'), { cause: error });
    throw error;
  }
}
