/** Types of boards.mjs, which runs as it is. */
import type { Amd64Iso } from './amd64.mjs';

/** Builds the image, or finds it in the cache. Fails with a `PackagesUnavailable` where packages cannot be had. */
export function buildBoardIso(
  architecture: 'aarch64' | 'riscv64' | 's390x',
  options?: { log?: (line: string) => void },
): Promise<Amd64Iso>;
