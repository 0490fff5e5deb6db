import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketRing } from './packet-ring';

describe('the ring of packets', () => {
  it('keeps the newest within its bounds, under numbers that stay theirs', () => {
    const packets = fc.array(fc.record({ length: fc.integer({ min: 14, max: 3000 }), pause: fc.nat(50) }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(
        packets,
        fc.integer({ min: 1000, max: 50_000 }),
        fc.integer({ min: 10, max: 5000 }),
        (list, maxBytes, maxMs) => {
          const ring = new PacketRing(maxBytes, maxMs);
          let time = 0;
          list.forEach(({ length, pause }, index) => {
            time += pause;
            const bytes = Buffer.alloc(length, index);
            ring.push({ time, port: 'a', direction: 'received', length, bytes });
            expect(ring.bytes <= maxBytes || ring.first === ring.last).toBe(true);
          });
          const kept = [...ring.after(0)];
          expect(kept.at(-1)?.number).toBe(list.length);
          expect(kept.every((packet) => time - packet.time <= maxMs)).toBe(true);
          expect(ring.givenUp).toBe(list.length - kept.length);
          for (const packet of kept) {
            expect(ring.get(packet.number)).toBe(packet);
            expect(packet.bytes.every((byte) => byte === ((packet.number - 1) & 255))).toBe(true);
          }
          const middle = kept[Math.floor(kept.length / 2)]!;
          expect([...ring.after(middle.number)].map(({ number }) => number)).toEqual(
            kept.filter(({ number }) => number > middle.number).map(({ number }) => number),
          );
          expect(ring.get((kept[0]?.number ?? 1) - 1)).toBeUndefined();
          ring.forget(time + maxMs + 1);
          expect([ring.first, ring.last, ring.bytes]).toEqual([undefined, undefined, 0]);
        },
      ),
    );
  });
});
