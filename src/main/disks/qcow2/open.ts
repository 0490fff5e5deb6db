import { dirname, resolve } from 'node:path';
import { Failure, toFailure, saidBy, hintOf } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { openHostFile, type HostFile } from '../host-file';
import { detectFormat, type DiskFormat } from '../image-format';
import { openRawFile } from '../raw/raw-disk';
import { incompatible, readHeader, type Header } from './header';
import type { Basis } from './pull';
import { Qcow2Disk } from './qcow2-disk';

export interface OpenQcow2Options {
  readOnly: boolean;
  /**
   * What to do about a backing file. An image from a stranger can name any file of this computer, which its guest
   * could then read; `refuse` is for those. Default: `follow`.
   */
  backingFiles?: 'follow' | 'refuse';
}

/**
 * Opens a qcow2 image with all images that it is based on; those are only read.
 *
 * @throws Failure `disk.unknown-format`, `disk.unsupported`, `disk.corrupt`, `medium.truncated`, and those of
 * `openHostFile`
 */
export async function openQcow2(path: string, options: OpenQcow2Options): Promise<Qcow2Disk> {
  return openQcow2File(await openHostFile(path, options), options);
}

/**
 * The same over a file that is already open; it belongs to the disk from now on, even if this fails.
 *
 * @param above identities of the images that are based on this one
 */
export async function openQcow2File(
  file: HostFile,
  options: OpenQcow2Options,
  above: string[] = [],
): Promise<Qcow2Disk> {
  let basis: Basis | undefined;
  try {
    const header = await readHeader(file);
    if (!options.readOnly) refuseWriting(file, header);
    basis = await openBacking(file, header, options, [...above, file.identity]);
    return await Qcow2Disk.open(file, header, basis, options.readOnly);
  } catch (error) {
    await basis?.device.close();
    await file.close();
    throw error;
  }
}

function refuseWriting(file: HostFile, header: Header): void {
  const hint = phrase('image.writableHint');
  if (header.incompatibleFeatures & incompatible.corrupt) {
    throw new Failure('disk.corrupt', phrase('image.marked', { path: file.path }), {
      hint: phrase('image.repairHint'),
    });
  }
  if (header.snapshotCount > 0) {
    throw new Failure('disk.unsupported', phrase('image.internalSnapshots', { path: file.path }), { hint });
  }
  if (header.bitmaps) {
    throw new Failure('disk.unsupported', phrase('image.bitmaps', { path: file.path }), {
      hint,
    });
  }
}

async function openBacking(
  file: HostFile,
  header: Header,
  options: OpenQcow2Options,
  above: string[],
): Promise<Basis | undefined> {
  const { backingFile, backingFormat } = header;
  if (backingFile === undefined) return undefined;
  if (options.backingFiles === 'refuse') {
    throw new Failure(
      'disk.unsupported',
      phrase('image.basedOn', { path: file.path, backing: backingFile }),
      {
        hint: phrase('image.joinHint'),
      },
    );
  }
  const path = backingPath(file.path, backingFile);
  try {
    const below = await openHostFile(path, { readOnly: true });
    return { path, ...(await openBelow(below, backingFormat, above)) };
  } catch (error) {
    const { code } = toFailure(error);
    throw new Failure(
      code,
      phrase('image.backing', { path: file.path, backing: backingFile, reason: saidBy(error) }),
      { hint: hintOf(error), cause: error },
    );
  }
}

async function openBelow(
  below: HostFile,
  format: string | undefined,
  above: string[],
): Promise<Omit<Basis, 'path'>> {
  let found: DiskFormat;
  try {
    if (above.includes(below.identity)) {
      throw new Failure('disk.corrupt', phrase('image.circular'));
    }
    if (format !== undefined && format !== 'raw' && format !== 'qcow2') {
      throw new Failure('disk.unsupported', phrase('image.saidFormat', { format }));
    }
    found = format ?? (await detectFormat(below));
  } catch (error) {
    await below.close();
    throw error;
  }
  const open = found === 'qcow2' ? openQcow2File(below, { readOnly: true }, above) : openRawFile(below);
  return { device: await open, format: found };
}

/**
 * Where a backing file is: relative names start from the folder of the image that mentions them.
 *
 * @throws Failure `disk.unsupported` for QEMU's descriptions of things that are not files
 */
export function backingPath(imagePath: string, backingFile: string): string {
  // One letter and a colon is a Windows drive; QEMU's protocols have longer names.
  if (/^[A-Za-z][A-Za-z0-9+.-]+:/.test(backingFile)) {
    throw new Failure(
      'disk.unsupported',
      phrase('image.notPlain', { path: imagePath, backing: backingFile }),
    );
  }
  return resolve(dirname(imagePath), backingFile);
}
