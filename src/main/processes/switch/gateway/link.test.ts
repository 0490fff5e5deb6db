import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hold, release } from '../ports/pieces';
import { framesIn } from '../testing/frames';
import { FrameArena } from './link';

describe('the memory of the gateway’s frames', () => {
  it('does not change what somebody still needs, and takes little of the system', () => {
    // Frames are laid down, passed on, answered at once with more, and kept by whoever gets them for some time.
    const frames = fc.array(fc.oneof(fc.nat({ max: 1514 }), fc.constant(65_534)), { maxLength: 12 });
    const step = fc.record({
      lengths: frames,
      answers: fc.array(frames, { maxLength: 3 }),
      passesAnswers: fc.boolean(),
      keeps: fc.boolean(),
      released: fc.nat({ max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const arena = new FrameArena(1, () => {});
        const kept: { run: Buffer; frames: Buffer[] }[] = [];
        const laid: Buffer[] = [];
        let next = 0;
        const lay = (lengths: readonly number[]): void => {
          for (const length of lengths) {
            const bytes = Buffer.alloc(length, ++next);
            arena.frame(length).set(bytes);
            laid.push(Buffer.concat([bytes, Buffer.alloc(Math.max(60 - length, 0))]));
          }
        };
        for (const { lengths, answers, passesAnswers, keeps, released } of steps) {
          const waiting = answers.slice();
          const take = (run: Buffer): void => {
            const answer = waiting.shift();
            if (answer) lay(answer);
            if (passesAnswers) arena.pass(take);
            const passed = framesIn([run]);
            for (const frame of passed) {
              const at = laid.findIndex((one) => one.equals(frame));
              expect(at, 'a frame that nobody laid down').toBeGreaterThanOrEqual(0);
              laid.splice(at, 1);
            }
            if (!keeps) return;
            hold(run);
            kept.push({ run, frames: passed });
          };
          lay(lengths);
          arena.pass(take);
          for (const { run, frames } of kept)
            expect(framesIn([run]).every((one, at) => one.equals(frames[at]!))).toBe(true);
          for (const { run } of kept.splice(0, released)) release(run, 1);
        }
        arena.pass((run) => laid.splice(0, framesIn([run]).length));
        expect(laid).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('uses the same memory again when nobody needs it', () => {
    const arena = new FrameArena(1, () => {});
    const seen = new Set<ArrayBufferLike>();
    for (let round = 0; round < 100; round++) {
      for (let index = 0; index < 10; index++) arena.frame(60_000);
      arena.pass((run) => void seen.add(run.buffer));
    }
    expect(seen.size).toBeLessThan(5);
  });
});
