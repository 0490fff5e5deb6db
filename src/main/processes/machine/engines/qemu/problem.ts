import type { ErrorValue } from '@shared/errors';
import type { QmpEvent } from '../../../../platform/qmp/commands';
import type { PlannedDisk } from './plan';

/** What to tell a person when the host could not carry out a request of the guest's disk, and QEMU stopped. */
export function writeProblem(error: QmpEvent<'BLOCK_IO_ERROR'>, disks: readonly PlannedDisk[]): ErrorValue {
  const node = error['node-name'] ?? error.device;
  const disk = disks.find(({ id }) => node === `${id}-image` || error.device.endsWith(id));
  const path = disk?.path ?? node;
  if (error.nospace) {
    return {
      code: 'file.no-space',
      message: `Cannot write ${path}: no space is left on the device`,
      hint: 'Free some space on the file system that holds this file, then continue.',
    };
  }
  return {
    code: 'file.io',
    message: `Cannot ${error.operation} ${path}: ${error.reason || 'the operating system reports an error'}`,
    hint: 'Look after the disk that holds this file, then continue.',
  };
}
