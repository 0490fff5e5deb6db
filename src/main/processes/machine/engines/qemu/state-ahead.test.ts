import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StateAhead } from './state-ahead';

const mebibyte = 1024 * 1024;

describe('a saved state that is read before it is taken', () => {
  it('comes as it was read, whoever waits for whom', async () => {
    const delays = fc.array(fc.nat(5), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(delays, delays, async (reading, taking) => {
        const rest = async (turns = 0): Promise<void> => {
          for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        };
        const state = new StateAhead(async (take) => {
          for (const [index, turns] of reading.entries()) {
            await rest(turns);
            await take(Uint8Array.of(index));
          }
        });
        const found: number[] = [];
        await state.pieces(async (piece) => {
          await rest(taking[found.length]);
          found.push(...piece);
        });
        expect(found).toEqual(reading.map((_, index) => index));
      }),
    );
  });

  it('is not read to its end before somebody takes of it', async () => {
    let read = 0;
    const piece = new Uint8Array(16 * mebibyte);
    const state = new StateAhead(async (take) => {
      for (; read < 20; read++) await take(piece);
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(read * 16).toBe(64);
    let taken = 0;
    await state.pieces(async ({ length }) => void (taken += length));
    expect(taken).toBe(20 * piece.length);
  });

  it('tells of damage behind the pieces before it, and only then', async () => {
    const state = new StateAhead(async (take) => {
      await take(Uint8Array.of(1));
      throw new Error('damaged');
    });
    await new Promise((resolve) => setImmediate(resolve));
    const found: number[] = [];
    await expect(state.pieces(async (piece) => void found.push(...piece))).rejects.toThrow('damaged');
    expect(found).toEqual([1]);
  });

  it('is not read any more when nobody needs it', async () => {
    let isClosed = false;
    const state = new StateAhead(async (take) => {
      try {
        for (;;) await take(new Uint8Array(mebibyte));
      } finally {
        isClosed = true;
      }
    });
    await state.stop();
    expect(isClosed).toBe(true);
  });
});
