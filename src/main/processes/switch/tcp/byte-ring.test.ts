import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteRing } from './byte-ring';

describe('bytes in their order', () => {
  it('are what was put in, in every ring, whatever memory they share with those before', () => {
    const operation = fc.record({
      ring: fc.nat({ max: 2 }),
      appended: fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 40_000 })),
      dropped: fc.nat({ max: 100 }),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const rings = [new ByteRing(), new ByteRing(), new ByteRing()];
        const expected = rings.map(() => Buffer.alloc(0));
        operations.forEach(({ ring: which, appended, dropped }, index) => {
          const ring = rings[which]!;
          const bytes = Buffer.alloc(appended, `${index}.`);
          ring.append(bytes);
          const all = Buffer.concat([expected[which]!, bytes]);
          const gone = Math.floor((all.length * dropped) / 100);
          ring.drop(gone);
          expected[which] = all.subarray(gone);
        });
        rings.forEach((ring, which) => {
          const read = Buffer.alloc(ring.length);
          ring.copy(read, 0, 0, ring.length);
          expect(read.equals(expected[which]!)).toBe(true);
        });
      }),
    );
  });
});
