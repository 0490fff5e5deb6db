import type { BlockDevice } from '../../disks/block-device';
import { formatOf } from '../../disks/chain/chain';
import { openDisk } from '../../disks/open-disk';
import { openRaw } from '../../disks/raw/raw-disk';

/** How engines open images; tests put faulty ones in between. */
export interface ImageOpener {
  /** @throws Failure */
  disk(path: string): Promise<BlockDevice>;
  /** Read-only. @throws Failure */
  medium(path: string): Promise<BlockDevice>;
}

/**
 * Images as they lie on the host. A disk's format is what its name says, never what its contents claim: a guest
 * could write a qcow2 header into its raw disk that names a file of the host, and read that at its next start.
 */
export const hostImages: ImageOpener = {
  disk: (path) => openDisk(path, { readOnly: false, format: formatOf(path) }),
  medium: (path) => openRaw(path, { readOnly: true }),
};
