/** Types of netboot.mjs, which runs as it is. */
export interface NetbootIso {
  /** Where the image is. */
  path: string;
  /** Version of Debian's installer package that it was made of. */
  version: string;
}

/** Builds the image, or finds it in the cache. Fails with a `PackagesUnavailable` where packages cannot be had. */
export function buildNetbootIso(options?: { log?: (line: string) => void }): Promise<NetbootIso>;
