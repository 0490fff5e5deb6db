import type { BlockDevice } from './block-device';
import { openHostFile } from './host-file';
import { detectFormat, type DiskFormat } from './image-format';
import { openQcow2File, type OpenQcow2Options } from './qcow2/open';
import { openRawFile } from './raw/raw-disk';

export interface OpenDiskOptions extends OpenQcow2Options {
  /** Found out if not given. Give `raw` for an image that a guest may have written, so that it cannot pretend. */
  format?: DiskFormat;
}

/**
 * Opens a disk image, qcow2 or raw, and locks it: one writer, or any number of readers.
 *
 * @throws Failure `disk.in-use`, `disk.unsupported` (also for other programs' formats, with a way to convert
 * them), `disk.corrupt`, `medium.empty`, `medium.truncated`, `file.*`
 */
export async function openDisk(path: string, options: OpenDiskOptions): Promise<BlockDevice> {
  const file = await openHostFile(path, options);
  let format: DiskFormat;
  try {
    format = options.format ?? (await detectFormat(file));
  } catch (error) {
    await file.close();
    throw error;
  }
  return format === 'qcow2' ? openQcow2File(file, options) : openRawFile(file);
}
