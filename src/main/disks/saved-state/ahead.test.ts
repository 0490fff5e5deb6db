import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ahead } from './ahead';

async function* numbers(count: number): AsyncGenerator<number> {
  for (let number = 0; number < count; number++) yield number;
}

/** Lets everything go on that can, `turns` times. */
async function rest(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}

describe('fetching ahead', () => {
  it('keeps the order and the limit, however long each takes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(20), { maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (delays, most) => {
          let [under, mostUnder] = [0, 0];
          const fetch = async (number: number): Promise<number> => {
            mostUnder = Math.max(mostUnder, ++under);
            await rest(delays[number] ?? 0);
            under--;
            return number;
          };
          const found: number[] = [];
          for await (const number of ahead(numbers(delays.length), most, fetch)) found.push(number);
          expect(found).toEqual(delays.map((_, index) => index));
          expect(mostUnder).toBeLessThanOrEqual(most);
        },
      ),
    );
  });

  it('begins the next while the first is dealt with', async () => {
    const begun: number[] = [];
    const results = ahead(numbers(9), 3, async (number) => begun.push(number));
    await results.next();
    expect(begun).toEqual([0, 1, 2]);
    await results.next();
    expect(begun).toEqual([0, 1, 2, 3]);
    await results.return(undefined);
  });

  it('tells of what fails when its turn comes', async () => {
    const results = ahead(numbers(5), 3, (number) =>
      number === 1 ? Promise.reject(new Error('broken')) : Promise.resolve(number),
    );
    expect((await results.next()).value).toBe(0);
    await expect(results.next()).rejects.toThrow('broken');
    expect((await results.next()).done).toBe(true);
  });

  it('leaves nothing under way when it is given up', async () => {
    let under = 0;
    const slow = async (): Promise<void> => {
      under++;
      await rest(50);
      under--;
    };
    for await (const _ of ahead(numbers(9), 4, slow)) break;
    expect(under).toBe(0);
  });
});
