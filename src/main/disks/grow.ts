import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { openHostFile } from './host-file';
import type { DiskFormat } from './image-format';
import { openQcow2 } from './qcow2/open';

/**
 * Makes a disk longer; what is added reads as zeros. Stopped at any moment, it leaves a disk of the old size or of the
 * new one.
 *
 * @param size in bytes, at least what it is now; rounded up to whole sectors of 512
 * @throws Failure `input.invalid`, `disk.*`, `file.*`
 */
export async function growDisk(path: string, format: DiskFormat, size: number): Promise<void> {
  if (format === 'qcow2') {
    const disk = await openQcow2(path, { readOnly: false });
    try {
      await disk.grow(size);
    } finally {
      await disk.close();
    }
    return;
  }
  const file = await openHostFile(path, { readOnly: false });
  try {
    const wanted = Math.ceil(size / 512) * 512;
    if (wanted < (await file.size())) {
      throw new Failure('input.invalid', phrase('image.noShorter', { path }));
    }
    await file.truncate(wanted);
    await file.datasync();
  } finally {
    await file.close();
  }
}
