import { readdir } from 'node:fs/promises';
import { hostFailure } from './host-file';

/** What lies in a folder; nothing where there is none. @throws Failure `file.*` */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw hostFailure(error, 'read', folder);
  }
}

/** Whether an error of `node:fs` says that something is not there. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '');
}
