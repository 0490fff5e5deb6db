import { findProgram, sayWhySkipped } from './programs';

/**
 * The image of a test guest; undefined, and said aloud, where the emulator or Debian's packages cannot be had.
 * @param suite what is skipped then
 * @throws whatever else goes wrong while it is built
 */
export async function guestImage<T>(
  suite: string,
  emulator: string,
  build: () => Promise<T>,
): Promise<T | undefined> {
  if (!findProgram(emulator)) {
    sayWhySkipped(suite, `${emulator} is missing`);
    return undefined;
  }
  try {
    return await build();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'PackagesUnavailable') throw error;
    sayWhySkipped(suite, error.message);
    return undefined;
  }
}
