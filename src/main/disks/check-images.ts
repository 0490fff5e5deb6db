import { dirname, join } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { chainOf } from './chain/chain';
import { inspectDisk } from './inspect';
import { checkQcow2 } from './qcow2/check';
import { findProgram, runProgram } from '../platform/program';

/** How long qemu-img may take for one image, in milliseconds. */
const qemuMs = 600_000;
/** Sentences about one image that are worth telling. */
const told = 5;

/**
 * Checks the tables of qcow2 images in a machine's folder: with QEMU's `qemu-img`, too, where that is installed. What
 * only other programs know (internal snapshots, bitmaps) is left out.
 *
 * @param folder of the machine; images that are based on one outside of it are not given to `qemu-img`, which would
 * open that
 * @returns what is wrong, by path, for those images with which something is
 * @throws Failure `cancelled`
 */
export async function checkImages(
  paths: readonly string[],
  folder: string,
  signal: AbortSignal,
): Promise<Map<string, string[]>> {
  const qemuImg = await findProgram('qemu-img');
  const found = new Map<string, string[]>();
  for (const path of paths) {
    let errors: string[];
    try {
      errors = await errorsOf(path, folder, qemuImg, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const { code, message } = toErrorValue(error);
      errors = code === 'disk.unsupported' ? [] : [message];
    }
    if (errors.length > 0) found.set(path, errors.slice(0, told));
  }
  return found;
}

async function errorsOf(
  path: string,
  folder: string,
  qemuImg: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  if (signal.aborted) throw new Failure('cancelled', phrase('task.checkWasCancelled'));
  const { errors } = await checkQcow2(path, { signal });
  if (errors.length > 0 || qemuImg === undefined) return errors;
  // One that was not closed has wrong counts, which whoever opens it next mends.
  if ((await inspectDisk(path)).dirty) return [];
  const isInside = (await chainOf(path)).every((image) => dirname(image) === join(folder, 'disks'));
  return isInside ? complaintsOfQemu(qemuImg, path) : [];
}

async function complaintsOfQemu(qemuImg: string, path: string): Promise<string[]> {
  try {
    await runProgram(qemuImg, ['check', '-q', '-f', 'qcow2', path], qemuMs);
    return [];
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    // Space that is lost is no damage.
    return code === 3 ? [] : [`qemu-img: ${message}`];
  }
}
