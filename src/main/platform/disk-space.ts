import { statfs } from 'node:fs/promises';

/** Bytes that may still be written below `path`; null where the system does not tell. */
export async function freeSpace(path: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return null;
  }
}
