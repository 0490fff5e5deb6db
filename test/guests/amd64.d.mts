/** Types of amd64.mjs, which runs as it is. */
export interface Amd64Iso {
  /** Where the image is. */
  path: string;
  /** Release of its kernel. */
  kernel: string;
}

/** Builds the image, or finds it in the cache. Fails with a `PackagesUnavailable` where packages cannot be had. */
export function buildAmd64Iso(options?: { log?: (line: string) => void }): Promise<Amd64Iso>;
