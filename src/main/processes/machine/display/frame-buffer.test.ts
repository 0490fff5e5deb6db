import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { black, FrameBuffer, maxSide, type Rect } from './frame-buffer';

function covers(rects: Rect[], x: number, y: number): boolean {
  return rects.some((r) => x >= r.x && x < r.x + r.width && y >= r.y && y < r.y + r.height);
}

const small = fc.integer({ min: -40, max: 200 });
const side = fc.integer({ min: 0, max: 200 });

describe('FrameBuffer', () => {
  it('begins black, all of it changed', () => {
    const frame = new FrameBuffer(100, 50);
    expect(frame.pixels.every((pixel) => pixel === black)).toBe(true);
    expect(frame.changesSince(0)).toEqual([{ x: 0, y: 0, width: 100, height: 50 }]);
    expect(frame.changesSince(frame.generation)).toEqual([]);
  });

  it('keeps its bytes in the order red, green, blue, alpha', () => {
    const frame = new FrameBuffer(1, 1);
    frame.fill(0xff_30_20_10);
    expect([...frame.bytes]).toEqual([0x10, 0x20, 0x30, 0xff]);
  });

  it('limits its size', () => {
    const frame = new FrameBuffer(0, -5);
    expect([frame.width, frame.height]).toEqual([1, 1]);
    frame.resize(1e9, NaN);
    expect([frame.width, frame.height]).toEqual([maxSide, 1]);
  });

  it('joins changed tiles to rectangles', () => {
    const frame = new FrameBuffer(256, 64);
    const seen = frame.generation;
    frame.mark(70, 20, 100, 20);
    expect(frame.changesSince(seen)).toEqual([{ x: 64, y: 16, width: 128, height: 32 }]);
  });

  it('lets each viewer have its own past', () => {
    const frame = new FrameBuffer(256, 64);
    const first = frame.generation;
    frame.mark(0, 0, 1, 1);
    const second = frame.generation;
    frame.mark(255, 63, 1, 1);
    expect(frame.changesSince(first)).toHaveLength(2);
    expect(frame.changesSince(second)).toEqual([{ x: 192, y: 48, width: 64, height: 16 }]);
  });

  it('takes a copy of what is there already for no change', () => {
    const frame = new FrameBuffer(200, 40);
    const image = Uint32Array.from({ length: 200 * 40 }, (_, index) => index);
    const source = { pixels: image, stride: 200, x: 0, y: 0 };
    frame.copy(source, { x: 0, y: 0, width: 200, height: 40 });
    const seen = frame.generation;
    let calls = 0;
    frame.onChange(() => calls++);
    frame.copy(source, { x: 0, y: 0, width: 200, height: 40 });
    expect([frame.generation, calls]).toEqual([seen, 0]);
    image[130 + 200 * 17] = 0;
    frame.copy(source, { x: 0, y: 0, width: 200, height: 40 });
    expect(calls).toBe(1);
    expect(frame.changesSince(seen)).toEqual([{ x: 128, y: 16, width: 64, height: 16 }]);
  });

  it('copies like a pixel by pixel copy would, and names exactly the tiles that changed', () => {
    const step = fc.record({ x: small, y: small, sourceX: small, sourceY: small, width: side, height: side });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), fc.integer(), (steps, seed) => {
        const frame = new FrameBuffer(150, 70);
        const stride = 90;
        const image = Uint32Array.from({ length: stride * 60 }, (_, index) => ((index * seed) >>> 4) % 3);
        for (const { x, y, sourceX, sourceY, width, height } of steps) {
          const before = frame.pixels.slice();
          const seen = frame.generation;
          const expected = before.slice();
          for (let row = 0; row < height; row++) {
            for (let column = 0; column < width; column++) {
              const [toX, toY, fromX, fromY] = [x + column, y + row, sourceX + column, sourceY + row];
              const inside = toX >= 0 && toX < 150 && toY >= 0 && toY < 70;
              const available = fromX >= 0 && fromX < stride && fromY >= 0 && fromY < 60;
              if (inside && available) expected[toY * 150 + toX] = image[fromY * stride + fromX] ?? 0;
            }
          }
          frame.copy({ pixels: image, stride, x: sourceX, y: sourceY }, { x, y, width, height });
          expect(Buffer.compare(frame.bytes, Buffer.from(expected.buffer))).toBe(0);
          const rects = frame.changesSince(seen);
          const changedTiles = new Set<string>();
          expected.forEach((pixel, index) => {
            const [atX, atY] = [index % 150, Math.floor(index / 150)];
            if (pixel !== before[index]) changedTiles.add(`${atX >> 6},${atY >> 4}`);
          });
          const named: string[] = [];
          for (let tileY = 0; tileY < 5; tileY++) {
            for (let tileX = 0; tileX < 3; tileX++) {
              if (covers(rects, tileX * 64, tileY * 16)) named.push(`${tileX},${tileY}`);
            }
          }
          expect(named.sort()).toEqual([...changedTiles].sort());
        }
      }),
      { numRuns: 60 },
    );
  });
});
