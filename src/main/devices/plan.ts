import type { DiskConfig, MachineConfig } from '@shared/machine/config';
import { withDisk, withoutDevice } from '@shared/machine/devices';
import type { CommitStep, Operation, PrepareStep } from '../snapshots/steps';

/** The images of a disk, the newest first, inside the machine's folder. */
export interface DiskImages {
  /** All that it consists of. */
  chain: readonly string[];
  /** Those that no snapshot needs. */
  own: readonly string[];
}

/**
 * Plans a disk more. Pure.
 *
 * @param image a complete image inside the machine's folder, under a name that is not its own yet
 */
export function planAddDisk(config: MachineConfig, disk: DiskConfig, image: string): Operation {
  return {
    title: `Add the disk ${disk.id}`,
    prepare: [{ do: 'share', from: image, path: disk.path }],
    commit: [become(withDisk(config, disk)), { do: 'remove', path: image }],
  };
}

/**
 * Plans a disk less. What a snapshot needs is never touched. Pure.
 *
 * @param keepAt where what the disk holds goes as an image that needs no other; null where nothing of it is kept, or
 * where its only image can stay as it is
 */
export function planRemoveDisk(
  config: MachineConfig,
  id: string,
  images: DiskImages,
  keep: boolean,
  keepAt: string | null,
): Operation {
  const prepare: PrepareStep[] =
    keepAt === null ? [] : [{ do: 'merge', path: keepAt, layers: [...images.chain], below: null }];
  const removed = keep && keepAt === null ? [] : images.own;
  return {
    title: `Remove the disk ${id}`,
    prepare,
    commit: [
      become(withoutDevice(config, id)),
      ...removed.map((path): CommitStep => ({ do: 'remove', path })),
    ],
  };
}

function become(config: MachineConfig): CommitStep {
  return { do: 'config', paths: {}, snapshot: config.snapshot ?? null, settings: config };
}
