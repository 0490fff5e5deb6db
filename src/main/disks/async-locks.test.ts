import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mutex, RangeLock } from './async-locks';

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Mutex', () => {
  it('runs one section at a time, in order, and goes on after a failure', async () => {
    const mutex = new Mutex();
    const events: string[] = [];
    const section = (name: string) => async (): Promise<void> => {
      events.push(`${name}+`);
      await pause();
      events.push(`${name}-`);
      if (name === 'b') throw new Error('b failed');
    };
    const runs = ['a', 'b', 'c'].map((name) => mutex.run(section(name)));
    const results = await Promise.allSettled(runs);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(events).toEqual(['a+', 'a-', 'b+', 'b-', 'c+', 'c-']);
  });
});

describe('RangeLock', () => {
  it('never lets conflicting sections overlap, and lets all of them run', async () => {
    const claim = fc.record({
      from: fc.nat(10),
      length: fc.integer({ min: 1, max: 4 }),
      exclusive: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(claim, { maxLength: 30 }), async (claims) => {
        const lock = new RangeLock();
        const readers = new Array<number>(20).fill(0);
        const writers = new Array<number>(20).fill(0);
        let finished = 0;
        await Promise.all(
          claims.map(({ from, length, exclusive }) =>
            lock.run(from, from + length, exclusive, async () => {
              const counts = exclusive ? writers : readers;
              for (let i = from; i < from + length; i++) {
                if (writers[i] !== 0 || (exclusive && readers[i] !== 0)) throw new Error(`conflict at ${i}`);
                counts[i] = (counts[i] ?? 0) + 1;
              }
              await pause();
              for (let i = from; i < from + length; i++) counts[i] = (counts[i] ?? 0) - 1;
              finished++;
            }),
          ),
        );
        expect(finished).toBe(claims.length);
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('lets readers of one place and writers of different places run together', async () => {
    const lock = new RangeLock();
    let together = 0;
    let most = 0;
    const section = async (): Promise<void> => {
      most = Math.max(most, ++together);
      await pause();
      together--;
    };
    await Promise.all([
      lock.run(0, 5, false, section),
      lock.run(0, 5, false, section),
      lock.run(5, 6, true, section),
    ]);
    expect(most).toBe(3);
  });
});
