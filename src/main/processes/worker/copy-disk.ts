import { convertDisk } from '../../disks/convert';
import { openDisk } from '../../disks/open-disk';
import type { JobControl } from './job-runner';

/**
 * Copies a raw or qcow2 disk image into a new qcow2 file. The source is only read. It comes from anywhere, so it
 * may not draw other files of this computer into the copy by naming them as its backing file.
 *
 * @returns bytes that a guest sees
 * @throws Failure `disk.*`, `medium.*`, `file.*`, `cancelled`; nothing is left of the target then
 */
export async function copyDisk(
  { source, target }: { source: string; target: string },
  { progress, signal }: JobControl,
): Promise<{ virtualSize: number }> {
  const disk = await openDisk(source, { readOnly: true, backingFiles: 'refuse' });
  try {
    await convertDisk(disk, target, { onProgress: progress, signal });
    return { virtualSize: disk.size };
  } finally {
    await disk.close();
  }
}
