import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** A new empty folder, and the function that removes it with everything in it. */
export async function temporaryFolder(name: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), `vivarium-${name}-`));
  return { path: folder, remove: () => fs.rm(folder, { recursive: true, force: true, maxRetries: 3 }) };
}
