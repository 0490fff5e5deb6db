/** Below this no system that has a balloon driver is of use, in MiB. */
const usefulMiB = 64;

/**
 * The least memory that a guest is asked to make do with, in MiB: an eighth of what it was started with, since its
 * kernel keeps tables for all of that, and a useful amount.
 */
export function smallestTargetMiB(memoryMiB: number): number {
  return Math.min(memoryMiB, Math.max(usefulMiB, Math.ceil(memoryMiB / 8)));
}
