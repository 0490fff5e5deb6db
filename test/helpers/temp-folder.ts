import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** A new empty folder, and the function that removes it with everything in it. */
export async function temporaryFolder(name: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), `vivarium-${name}-`));
  return { path: folder, remove: () => fs.rm(folder, { recursive: true, force: true, maxRetries: 3 }) };
}

/** Linux keeps what is in it in memory (tmpfs). */
const memory = '/dev/shm';
/** As much as a test may have there, in bytes; containers often have 64 MiB in all. */
const memoryNeeded = 512 * 2 ** 20;

/**
 * A new empty folder, to be removed by the caller, where making something durable takes no time: for tests that try
 * thousands of times what a program does to its files when it, not the computer, is stopped. Elsewhere than on
 * Linux, and where there is too little memory for it, an ordinary one.
 */
export async function quickFolder(name: string): Promise<string> {
  const room = await fs.statfs(memory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  const parent = room >= memoryNeeded && os.freemem() >= 2 * memoryNeeded ? memory : os.tmpdir();
  return fs.mkdtemp(path.join(parent, `vivarium-${name}-`));
}
