import { open } from 'node:fs/promises';

/** Makes the contents of a file survive a loss of power. @throws the errors of `node:fs` */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
