import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from './programs';

const run = promisify(execFile);

/** QEMU's disk tool judges what our driver writes; suites that need it are skipped, loudly, where it is missing. */
export const hasQemuImg = findProgram('qemu-img') !== undefined;
export const hasQemuIo = findProgram('qemu-io') !== undefined;

if (!hasQemuImg || !hasQemuIo) {
  console.warn(
    'SKIPPED: qemu-img and qemu-io are not installed (Debian: qemu-utils), so qcow2 is not checked',
  );
}

/** Runs qemu-img; rejects with what it said if it fails. */
export async function qemuImg(...args: string[]): Promise<string> {
  const { stdout } = await run('qemu-img', args, { timeout: 120_000 });
  return stdout;
}

/** Runs commands of qemu-io on an image. */
export async function qemuIo(image: string, commands: string[], options: string[] = []): Promise<string> {
  const args = [...options, ...commands.flatMap((command) => ['-c', command]), image];
  const { stdout } = await run('qemu-io', args, { timeout: 120_000 });
  return stdout;
}

/** The complaints of `qemu-img check`: an empty string for an image without errors and leaks. */
export async function checkImage(path: string): Promise<string> {
  try {
    await run('qemu-img', ['check', '-f', 'qcow2', path], { timeout: 120_000 });
    return '';
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}` || String(error);
  }
}

/** Whether two images have the same contents for a guest. */
export async function sameContents(a: string, aFormat: string, b: string, bFormat: string): Promise<boolean> {
  try {
    await run('qemu-img', ['compare', '-f', aFormat, '-F', bFormat, a, b], { timeout: 120_000 });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return false;
    throw error;
  }
}
