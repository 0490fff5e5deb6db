import { open } from 'node:fs/promises';

/** Makes the names in a folder survive a loss of power. @throws the errors of `node:fs` */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no such operation: it refuses to open a folder as a file.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
