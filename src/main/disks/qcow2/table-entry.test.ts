import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { geometryOf } from './geometry';
import { decodeL1, decodeL2, encodePlace } from './table-entry';

const v3 = geometryOf(3, 16, 4);
const viewOf = (entry: bigint): DataView => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, entry);
  return view;
};

describe('table entries', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 36 }), fc.boolean(), (cluster, zero) => {
        const offset = cluster * v3.clusterSize;
        const view = viewOf(0n);
        encodePlace(view, 0, offset, zero);
        expect(decodeL2(view, 0, v3)).toEqual({ kind: zero ? 'zero' : 'data', offset, copied: true });
        if (!zero) expect(decodeL1(view, 0, v3)).toEqual({ offset, copied: true });
      }),
    );
  });

  it('tell the kinds of clusters apart', () => {
    expect(decodeL2(viewOf(0n), 0, v3)).toEqual({ kind: 'unallocated' });
    expect(decodeL2(viewOf(1n), 0, v3)).toEqual({ kind: 'zero', offset: 0, copied: false });
    expect(decodeL2(viewOf(0x50000n), 0, v3)).toEqual({ kind: 'data', offset: 0x50000, copied: false });
    expect(decodeL1(viewOf(0n), 0, v3)).toBeUndefined();
  });

  it('find the sectors of a compressed cluster', () => {
    // Clusters of 64 KiB leave 54 bits for the offset; the field above counts further sectors.
    const entry = (1n << 62n) | (3n << 54n) | 0x12345n;
    expect(decodeL2(viewOf(entry), 0, v3)).toEqual({
      kind: 'compressed',
      offset: 0x12345,
      length: 4 * 512 - 0x145,
    });
  });

  it.each([
    ['a misaligned cluster', 0x50200n],
    ['a reserved low bit', 0x50002n],
    ['a reserved high bit', 0x2000000000050000n],
  ])('refuse %s', (_, entry) => {
    expect(() => decodeL2(viewOf(entry), 0, v3)).toThrow(Failure);
  });

  it('have no zero clusters in version 2', () => {
    expect(() => decodeL2(viewOf(1n), 0, geometryOf(2, 16, 4))).toThrow(Failure);
  });

  it('are an answer or a Failure whatever they are', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.integer({ min: 9, max: 21 }),
        (entry, bits) => {
          try {
            const cluster = decodeL2(viewOf(entry), 0, geometryOf(3, bits, 4));
            if (cluster.kind !== 'unallocated') expect(Number.isSafeInteger(cluster.offset)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(Failure);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
