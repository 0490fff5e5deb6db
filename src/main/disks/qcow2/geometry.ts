/** Numbers that follow from an image's cluster size (qcow2 specification, "Host cluster management"). */
export interface Geometry {
  version: 2 | 3;
  clusterBits: number;
  /** Bytes. */
  clusterSize: number;
  /** Entries of 8 bytes in one L2 table. */
  l2Entries: number;
  /** Guest bytes that one L2 table describes. */
  l2Coverage: number;
  /** Bits of one reference count: 1, 2, 4 … 64. */
  refcountBits: number;
}

export function geometryOf(version: 2 | 3, clusterBits: number, refcountOrder: number): Geometry {
  const clusterSize = 2 ** clusterBits;
  const l2Entries = clusterSize / 8;
  return {
    version,
    clusterBits,
    clusterSize,
    l2Entries,
    l2Coverage: l2Entries * clusterSize,
    refcountBits: 2 ** refcountOrder,
  };
}

/** Limits that QEMU keeps as well; what goes beyond them is refused before memory is spent on it. */
export const limits = {
  minClusterBits: 9,
  maxClusterBits: 21,
  l1Bytes: 32 * 2 ** 20,
  refcountTableBytes: 8 * 2 ** 20,
  backingNameBytes: 1023,
};

export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
