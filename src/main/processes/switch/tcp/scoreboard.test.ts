import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scoreboard } from './scoreboard';
import { add } from './sequence';

describe('the scoreboard', () => {
  it('knows what a set of bytes knows, also where the numbers wrap', () => {
    const size = 400;
    const block = fc.record({
      start: fc.integer({ min: -50, max: size + 50 }),
      length: fc.integer({ min: -5, max: 60 }),
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.array(block, { maxLength: 4 }), fc.integer({ min: 0, max: 30 })), {
          maxLength: 30,
        }),
        (steps) => {
          const base = 0xffffff38;
          const board = new Scoreboard();
          const there = new Set<number>();
          let oldest = 0;
          for (const step of steps) {
            if (typeof step === 'number') {
              oldest += step;
              board.advance(add(base, oldest));
            } else {
              const blocks = step.map(({ start, length }) => ({
                start: add(base, oldest + start),
                end: add(base, oldest + start + length),
              }));
              const before = there.size;
              for (const { start, length } of step) {
                if (start <= 0 || length <= 0 || start + length > size) continue;
                for (let at = start; at < start + length; at++) there.add(oldest + at);
              }
              expect(board.add(blocks, add(base, oldest), add(base, oldest + size))).toBe(
                there.size > before,
              );
            }
            for (const byte of [...there]) if (byte < oldest) there.delete(byte);
            expect(board.above(add(base, oldest))).toBe(there.size);
            expect(board.isEmpty).toBe(there.size === 0);
            for (const from of [0, 7, 100]) {
              const last = Math.max(...there);
              const missing: number[] = [];
              for (let at = oldest + from; at < last; at++) {
                if (!there.has(at)) missing.push(at);
                else if (missing.length > 0) break;
              }
              const hole = board.holeFrom(add(base, oldest + from));
              const [first] = missing;
              expect(hole).toEqual(
                first === undefined
                  ? undefined
                  : { start: add(base, first), end: add(base, first + missing.length) },
              );
            }
          }
        },
      ),
    );
  });

  it('is bounded', () => {
    const board = new Scoreboard();
    for (let index = 0; index < 1000; index++) {
      const start = 10 + index * 10;
      board.add([{ start, end: start + 5 }], 0, 100_000);
    }
    expect(board.above(0)).toBe(128 * 5);
  });
});
