import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackedCounts } from './refcount-block';

describe('PackedCounts', () => {
  it.each([1, 2, 4, 8, 16, 32, 64])('keeps counts of %i bits apart', (bits) => {
    const counts = new PackedCounts(bits);
    const writes = fc.array(fc.tuple(fc.nat(31), fc.integer({ min: 0, max: counts.max })));
    fc.assert(
      fc.property(writes, (list) => {
        const block = new Uint8Array(512);
        const model = new Array<number>(32).fill(0);
        for (const [index, value] of list) {
          counts.set(block, index, value);
          model[index] = value;
        }
        expect(model.map((_, index) => counts.get(block, index))).toEqual(model);
      }),
    );
  });

  it('stores as the specification says', () => {
    const block = new Uint8Array(4);
    new PackedCounts(1).set(block, 3, 1);
    new PackedCounts(4).set(block, 3, 5);
    new PackedCounts(16).set(block, 1, 0x0102);
    expect([...block]).toEqual([0b1000, 0x50, 1, 2]);
  });
});
