import type { BlockDevice } from '../../disks/block-device';
import { openDisk } from '../../disks/open-disk';
import { openRaw } from '../../disks/raw/raw-disk';

/** How engines open images; tests put faulty ones in between. */
export interface ImageOpener {
  /** @throws Failure */
  disk(path: string): Promise<BlockDevice>;
  /** Read-only. @throws Failure */
  medium(path: string): Promise<BlockDevice>;
}

/** Images as they lie on the host. */
export const hostImages: ImageOpener = {
  disk: (path) => openDisk(path, { readOnly: false }),
  medium: (path) => openRaw(path, { readOnly: true }),
};
