/** The sizes of diskettes of PCs, in bytes, and what people call them. */
const sizes = new Map<number, string>([
  [163_840, '160 KB'],
  [184_320, '180 KB'],
  [327_680, '320 KB'],
  [368_640, '360 KB'],
  [655_360, '640 KB'],
  [737_280, '720 KB'],
  [839_680, '820 KB'],
  [1_228_800, '1.2 MB'],
  [1_474_560, '1.44 MB'],
  [1_720_320, '1.68 MB'],
  [1_763_328, '1.72 MB'],
  [2_949_120, '2.88 MB'],
]);

export const largestFloppy = 2_949_120;

/** “1.44 MB”, or undefined when no diskette has this size. */
export function floppyFormat(bytes: number): string | undefined {
  return sizes.get(bytes);
}
