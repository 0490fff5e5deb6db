import { z } from 'zod';
import { errorValue } from '../ipc/messages';

/** Who brings newer versions of an installed program. */
export const updatedBy = z.enum([
  /** The program fetches them itself: Windows' installer, a Mac's app, AppImage. */
  'itself',
  /** The package manager of the system: deb, rpm, pacman. */
  'package-manager',
  /** A person, by unpacking another archive. */
  'hand',
  /** A checkout, or a build that somebody made: it knows of no releases. */
  'nobody',
]);

export const updateStatus = z.strictObject({
  by: updatedBy,
  state: z.enum(['unknown', 'checking', 'current', 'available', 'downloading', 'ready']),
  /** The newer version; null while none is known. */
  version: z.string().nullable(),
  /** Of the download, in bytes; `total` is null while it is not known. */
  done: z.int().nonnegative(),
  total: z.int().nonnegative().nullable(),
  /** Why the last step went wrong. */
  problem: errorValue.nullable(),
});
export type UpdateStatus = z.infer<typeof updateStatus>;

/** Before anybody has looked. */
export const noUpdateKnown = (by: UpdateStatus['by']): UpdateStatus => ({
  by,
  state: 'unknown',
  version: null,
  done: 0,
  total: null,
  problem: null,
});
