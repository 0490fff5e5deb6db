import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hold, release } from '../ports/pieces';
import { framesIn } from '../testing/frames';
import { FrameArena } from './link';

describe('the memory of the gateway’s frames', () => {
  it('does not change what somebody still needs, and takes little of the system', () => {
    // Frames are laid down, passed on, and kept by whoever gets them for some time.
    const step = fc.record({
      lengths: fc.array(fc.oneof(fc.nat({ max: 1514 }), fc.constant(65_534)), { maxLength: 12 }),
      keeps: fc.boolean(),
      released: fc.nat({ max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const arena = new FrameArena(1, () => {});
        const kept: { run: Buffer; frames: Buffer[] }[] = [];
        let next = 0;
        for (const { lengths, keeps, released } of steps) {
          const laid = lengths.map((length) => Buffer.alloc(length, ++next));
          for (const bytes of laid) arena.frame(bytes.length).set(bytes);
          const runs = arena.take();
          const padded = laid.map((bytes) =>
            Buffer.concat([bytes, Buffer.alloc(Math.max(60 - bytes.length, 0))]),
          );
          expect(Buffer.concat(framesIn(runs)).equals(Buffer.concat(padded))).toBe(true);
          for (const run of keeps ? runs : []) {
            hold(run);
            kept.push({ run, frames: framesIn([run]) });
          }
          arena.passed();
          for (const { run, frames } of kept)
            expect(framesIn([run]).every((one, at) => one.equals(frames[at]!))).toBe(true);
          for (const { run } of kept.splice(0, released)) release(run, 1);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('uses the same memory again when nobody needs it', () => {
    const arena = new FrameArena(1, () => {});
    const seen = new Set<ArrayBufferLike>();
    for (let round = 0; round < 100; round++) {
      for (let index = 0; index < 10; index++) arena.frame(60_000);
      for (const run of arena.take()) seen.add(run.buffer);
      arena.passed();
    }
    expect(seen.size).toBeLessThan(5);
  });
});
