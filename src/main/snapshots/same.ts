import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestLength } from '../disks/saved-state/format';
import { exists } from './files';
import { filesOf, inFolder } from './record';

/**
 * Whether a machine that is saved has the memory of a snapshot, so that restoring that loses none. One that is not
 * saved has no memory to lose.
 *
 * @throws Failure, or the errors of `node:fs`
 */
export async function sameMemory(folder: string, snapshot: string): Promise<boolean> {
  const saved = inFolder(folder, 'saved/state.viv');
  if (!(await exists(saved))) return true;
  const memory = inFolder(folder, filesOf(snapshot).memory);
  if (!(await exists(memory))) return false;
  const [a, b] = await Promise.all([stat(saved), stat(memory)]);
  if (a.dev === b.dev && a.ino === b.ino && a.ino !== 0) return true;
  return a.size === b.size && (await digestOf(saved, a.size)).equals(await digestOf(memory, b.size));
}

/** The last bytes of a memory image are the checksum of all the others. */
async function digestOf(path: string, size: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const digest = Buffer.alloc(digestLength);
    const { bytesRead } = await file.read(digest, 0, digestLength, Math.max(0, size - digestLength));
    return digest.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Whether the firmware's variables and the TPM are what they were in a snapshot. @throws as `sameMemory` */
export async function sameFirmware(folder: string, snapshot: string): Promise<boolean> {
  const [now, then] = [inFolder(folder, 'firmware'), inFolder(folder, filesOf(snapshot).firmware)];
  const [before, after] = [await filesIn(then), await filesIn(now)];
  if (before.join() !== after.join()) return false;
  for (const file of after) {
    const [a, b] = await Promise.all([readFile(join(now, file)), readFile(join(then, file))]);
    if (!a.equals(b)) return false;
  }
  return true;
}

/** Locks of programs that are gone do not count. */
async function filesIn(folder: string): Promise<string[]> {
  if (!(await exists(folder))) return [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== '.lock')
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
