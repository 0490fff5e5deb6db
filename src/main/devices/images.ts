import { mkdir, readdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toErrorValue } from '@shared/errors';
import type { NewDisk } from '@shared/machine/devices';
import { openHostFile } from '../disks/host-file';
import { createQcow2 } from '../disks/qcow2/create';
import type { JobControl } from '../jobs/registry';
import { newMachineId } from '../machines/identity';
import { layoutOf } from '../machines/layout';
import type { ProcessHost } from '../platform/process-host';
import { runWorkerJob } from '../platform/worker-job';
import { exists } from '../snapshots/files';
import { inFolder } from '../snapshots/record';

const mebibyte = 1024 * 1024;
const unfinished = /^\.adding-[a-z0-9]+\.qcow2$/;

/** A name, inside a machine's folder, for an image that is being made. */
export function unfinishedImage(): string {
  return `disks/.adding-${newMachineId()}.qcow2`;
}

/** A name for the image of a disk that nothing in the folder has, an image that was kept among that. */
export async function freeImage(folder: string, disk: string): Promise<string> {
  const plain = `disks/${disk}.qcow2`;
  return (await exists(inFolder(folder, plain))) ? `disks/${disk}-${newMachineId()}.qcow2` : plain;
}

/**
 * Makes an image. When it resolves, the image survives a loss of power; when it rejects, there is none.
 *
 * @throws Failure `cancelled`, `file.*`, `disk.*`, `medium.*`
 */
export async function makeImage(
  target: string,
  source: NewDisk['source'],
  host: ProcessHost,
  control: JobControl,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  if (source.kind === 'new') {
    await createQcow2(target, { virtualSize: source.sizeMiB * mebibyte });
  } else {
    await runWorkerJob(host, 'copyDisk', { source: source.path, target }, control);
  }
}

/**
 * Removes images that a program which was killed had not finished. One that is being made now, by whatever program,
 * is in use, and stays. @throws the errors of `node:fs`
 */
export async function removeUnfinishedImages(folder: string): Promise<void> {
  const { disks } = layoutOf(folder);
  for (const name of await readdir(disks).catch(() => [])) {
    if (!unfinished.test(name)) continue;
    const path = inFolder(disks, name);
    try {
      await (await openHostFile(path, { readOnly: false })).close();
    } catch (error) {
      if (toErrorValue(error).code === 'disk.in-use') continue;
      throw error;
    }
    await rm(path, { force: true });
  }
}
