import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksum, fold, sumOf } from './checksum';

/** RFC 1071, section 1, word for word. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
    if (sum > 0xffff) sum = (sum & 0xffff) + 1;
  }
  return sum;
}

/** 0 and 0xffff are the same number in ones' complement. */
const same = (sum: number): number => (sum === 0xffff ? 0 : sum);

describe('the internet checksum', () => {
  it('gives the example of RFC 1071', () => {
    const bytes = Uint8Array.from([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
    expect(sumOf(bytes, 0, 8)).toBe(0xddf2);
    expect(checksum(bytes, 0, 8)).toBe(~0xddf2 & 0xffff);
  });

  it('is the plain sum for every length and alignment', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(7), fc.nat(7), (data, before, skip) => {
        const room = new Uint8Array(before + data.length);
        room.set(data, before);
        const view = room.subarray(Math.min(skip, before));
        const start = before - Math.min(skip, before);
        expect(same(sumOf(view, start, start + data.length))).toBe(same(plainSum(data)));
      }),
      { numRuns: 1000 },
    );
  });

  it('does not overflow on the largest packet', () => {
    const bytes = new Uint8Array(65_535).fill(255);
    expect(same(sumOf(bytes, 0, bytes.length))).toBe(same(plainSum(bytes)));
    expect(fold(0xffff * 40_000)).toBeLessThanOrEqual(0xffff);
  });
});
