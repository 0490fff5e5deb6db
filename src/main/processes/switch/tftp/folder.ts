import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

export interface ServedFile {
  handle: FileHandle;
  /** Bytes. */
  size: number;
}

/**
 * Opens a file of a folder for reading. Links are followed as long as they stay in it.
 *
 * @param name as a guest writes it: slashes of either kind, one in front or none
 * @returns undefined when there is no such file in the folder
 */
export async function openIn(folder: string, name: string): Promise<ServedFile | undefined> {
  const parts = name.split(/[/\\]+/).filter((part) => part !== '' && part !== '.');
  if (parts.length === 0 || parts.includes('..') || name.includes('\0')) return undefined;
  let handle: FileHandle | undefined;
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, ...parts));
    if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined;
    // A pipe in the place of a file must not keep us waiting.
    const nonblock = (constants.O_NONBLOCK as number | undefined) ?? 0;
    handle = await open(path, constants.O_RDONLY | nonblock);
    const status = await handle.stat();
    if (status.isFile()) return { handle, size: status.size };
  } catch {
    // not there, or not to be read: for a guest that is the same
  }
  // What it was is known; that it cannot be closed changes nothing for anybody.
  await handle?.close().catch(() => {});
  return undefined;
}
