import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Bounds, fitBounds } from './bounds';

const screen = { x: 0, y: 0, width: 1920, height: 1040 };
const right = { x: 1920, y: -200, width: 1280, height: 1000 };
const least = { width: 480, height: 360 };

it('keeps a place on a screen that is there', () => {
  const kept = { x: 100, y: 80, width: 900, height: 700 };
  expect(fitBounds(kept, [screen], least)).toEqual(kept);
  const there = { x: 2000, y: -150, width: 900, height: 700 };
  expect(fitBounds(there, [screen, right], least)).toEqual(there);
});

it('lets the system choose when the screen is gone, or the title would be out of reach', () => {
  expect(fitBounds({ x: 2000, y: -150, width: 900, height: 700 }, [screen], least)).toBeUndefined();
  expect(fitBounds({ x: 100, y: -300, width: 900, height: 700 }, [screen], least)).toBeUndefined();
  expect(fitBounds({ x: 100, y: 1030, width: 900, height: 700 }, [screen], least)).toBeUndefined();
  expect(fitBounds({ x: -850, y: 10, width: 900, height: 700 }, [screen], least)).toBeUndefined();
  expect(fitBounds({ x: 0, y: 0, width: 900, height: 700 }, [], least)).toBeUndefined();
});

it('is never larger than the screen, nor smaller than the least, and always within reach', () => {
  const number = fc.integer({ min: -10_000, max: 10_000 });
  const bounds: fc.Arbitrary<Bounds> = fc.record({
    x: number,
    y: number,
    width: fc.integer({ min: 0, max: 20_000 }),
    height: fc.integer({ min: 0, max: 20_000 }),
  });
  const area: fc.Arbitrary<Bounds> = fc.record({
    x: number,
    y: number,
    width: fc.integer({ min: 640, max: 8000 }),
    height: fc.integer({ min: 480, max: 8000 }),
  });
  fc.assert(
    fc.property(bounds, fc.array(area, { maxLength: 4 }), (kept, areas) => {
      const fitted = fitBounds(kept, areas, least);
      if (!fitted) return;
      expect(fitted.width).toBeGreaterThanOrEqual(least.width);
      expect(fitted.height).toBeGreaterThanOrEqual(least.height);
      const held = areas.some(
        (one) =>
          fitted.width <= one.width &&
          fitted.height <= one.height &&
          fitted.y >= one.y - 1 &&
          fitted.y + 40 <= one.y + one.height &&
          fitted.x + fitted.width >= one.x + 100 &&
          fitted.x <= one.x + one.width - 100,
      );
      expect(held).toBe(true);
    }),
  );
});
