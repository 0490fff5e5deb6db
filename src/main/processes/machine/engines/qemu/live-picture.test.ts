import { describe, expect, it } from 'vitest';
import { LivePicture } from './live-picture';

const view = (...pixels: number[][]): DataView => new DataView(Uint8Array.from(pixels.flat()).buffer);
const blueGreenRed = (red: number, green: number, blue: number): number[] => [blue, green, red, 7];

describe('the live picture', () => {
  it('is there when its last corner has been seen, opaque and in our order of colours', () => {
    const picture = new LivePicture();
    picture.resize(2, 2);
    expect(picture.capture).toBeUndefined();
    picture.paint({ x: 0, y: 0, width: 2, height: 1 }, view(blueGreenRed(1, 2, 3), blueGreenRed(4, 5, 6)));
    expect(picture.isNew).toBe(true);
    picture.paint({ x: 0, y: 1, width: 2, height: 1 }, view(blueGreenRed(7, 8, 9), blueGreenRed(0, 0, 0)));
    expect([...(picture.capture?.rgba ?? [])]).toEqual([
      1, 2, 3, 255, 4, 5, 6, 255, 7, 8, 9, 255, 0, 0, 0, 255,
    ]);
  });

  it('has another version only when a pixel is different', () => {
    const picture = new LivePicture();
    picture.resize(1, 1);
    const whole = { x: 0, y: 0, width: 1, height: 1 };
    picture.paint(whole, view(blueGreenRed(1, 1, 1)));
    const version = picture.capture?.version;
    picture.paint(whole, view(blueGreenRed(1, 1, 1)));
    expect(picture.capture?.version).toBe(version);
    picture.paint(whole, view(blueGreenRed(2, 1, 1)));
    expect(picture.capture?.version).not.toBe(version);
  });

  it('begins anew with another size, and leaves out what does not lie on it', () => {
    const picture = new LivePicture();
    picture.resize(1, 1);
    picture.paint({ x: 0, y: 0, width: 1, height: 1 }, view(blueGreenRed(1, 1, 1)));
    picture.resize(2, 1);
    expect(picture.capture).toBeUndefined();
    picture.paint({ x: 1, y: 0, width: 2, height: 1 }, view(blueGreenRed(9, 9, 9), blueGreenRed(8, 8, 8)));
    expect([...(picture.capture?.rgba ?? [])]).toEqual([0, 0, 0, 255, 9, 9, 9, 255]);
  });
});
