import { join } from 'node:path';
import { type FileLock, lockFile } from './file-lock';
import { endLeftovers } from './qemu-leftovers';

/** The lock of a machine's folder. */
export interface MachineLock extends FileLock {
  /** QEMUs that had outlived their machine process and were ended before anybody touches their disks. */
  readonly ended: number;
}

/** Where the lock of the machine in a folder lies. */
export function machineLockPath(folder: string): string {
  return join(folder, 'lock');
}

/**
 * Takes the lock of a machine. From then on nobody else runs the machine or writes to its disks: a QEMU of an earlier
 * run that lives on without its machine process is ended first. Undefined when another process has the lock.
 *
 * @param log told what was found of earlier runs
 * @throws Failure `machine.locked` when such a QEMU cannot be ended; the errors of `node:fs`
 */
export async function lockMachine(
  folder: string,
  log: (line: string) => void,
): Promise<MachineLock | undefined> {
  const lock = await lockFile(machineLockPath(folder));
  if (!lock) return undefined;
  try {
    return { ...lock, ended: await endLeftovers(folder, log) };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
