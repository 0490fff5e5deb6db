import { link } from 'node:fs/promises';
import { hostFailure } from './host-file';

/** What says that a file cannot have two names there, as opposed to a disk that is full or gone. */
const noLinks = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Gives a file a second name, which survives a loss of power as soon as its folder is synced. False where the file
 * system, or the way between two, has no such thing.
 *
 * @throws Failure `file.*`
 */
export async function linkFile(from: string, path: string): Promise<boolean> {
  try {
    await link(from, path);
    return true;
  } catch (error) {
    if (noLinks.has((error as { code?: string }).code ?? '')) return false;
    throw hostFailure(error, 'create', path);
  }
}
