import { type ErrorValue, Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { QmpEvent } from '../../../../platform/qmp/commands';
import { imageNode } from './overlays';
import type { PlannedDisk } from './plan';

/**
 * What to tell a person when the host could not carry out a request of the guest's disk, and QEMU stopped.
 * @param disks with the images that they write to now
 */
export function writeProblem(error: QmpEvent<'BLOCK_IO_ERROR'>, disks: readonly PlannedDisk[]): ErrorValue {
  const node = error['node-name'] ?? error.device;
  // The image that was there first, or one that was put on top of it: see `imageNode`.
  const disk = disks.find(({ id }) => node === imageNode(id) || node.startsWith(`${imageNode(id)}-`));
  const path = disk?.path ?? node;
  if (error.nospace) {
    const full = phrase('image.noSpace', { action: phrase('fileAction.write'), path });
    return new Failure('file.no-space', full, { hint: phrase('problem.noSpaceHint') }).toValue();
  }
  const why = error.reason || phrase('problem.systemError');
  return new Failure(
    'file.io',
    phrase('image.cannot', { action: phrase(`fileAction.${error.operation}`), path, reason: why }),
    {
      hint: phrase('problem.brokenDiskHint'),
    },
  ).toValue();
}
