import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ByteStream } from '@shared/ipc/byte-stream';
import type { ScreenCapture } from './engine';
import { streamPair } from './rfb/testing/stream-pair';
import { Thumbnails } from './thumbnails';

let screen: ScreenCapture;
let looks: number;
let pictures: Uint8Array[][];
let failures: unknown[];
let thumbnails: Thumbnails;
const streams: ByteStream[] = [];

const paint = (grey: number): void => {
  screen = { width: 4, height: 2, rgba: new Uint8Array(32).fill(grey), version: screen.version + 1 };
};

beforeEach(() => {
  screen = { width: 4, height: 2, rgba: new Uint8Array(32), version: 0 };
  looks = 0;
  pictures = [];
  failures = [];
  thumbnails = new Thumbnails(
    () => {
      looks++;
      return screen;
    },
    (error) => failures.push(error),
  );
});
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

/** A viewer that takes every picture. */
function view(width: number): { closed: boolean } {
  const [mine, theirs] = streamPair();
  const taken: Uint8Array[] = [];
  const viewer = { closed: false };
  pictures.push(taken);
  streams.push(mine);
  mine.onData((png) => void taken.push(png.slice()));
  mine.onClose(() => (viewer.closed = true));
  thumbnails.connect(theirs, width);
  return viewer;
}

const counts = (): number[] => pictures.map((taken) => taken.length);

describe('thumbnails', () => {
  it('are sent at once, and then only when the screen is different', async () => {
    view(4);
    await expect.poll(() => counts()).toEqual([1]);
    await expect.poll(() => looks).toBeGreaterThan(2);
    expect(counts()).toEqual([1]);
    paint(200);
    await expect.poll(() => counts()).toEqual([2]);
  });

  it('are made with one look for all who want them', async () => {
    view(4);
    await expect.poll(() => counts()).toEqual([1]);
    view(2);
    await expect.poll(() => counts()).toEqual([1, 1]);
    const before = looks;
    paint(100);
    await expect.poll(() => counts()).toEqual([2, 2]);
    expect(looks - before).toBeLessThanOrEqual(2);
  });

  it('end when nobody takes them any more', async () => {
    view(4);
    await expect.poll(() => counts()).toEqual([1]);
    streams[0]?.close();
    await new Promise((resolve) => setTimeout(resolve, 700));
    const before = looks;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(looks).toBe(before);
  });

  it('end with a reason when the screen cannot be seen', async () => {
    const broken = new Error('no screen');
    thumbnails = new Thumbnails(
      () => Promise.reject(broken),
      (error) => failures.push(error),
    );
    const viewer = view(4);
    await expect.poll(() => viewer.closed).toBe(true);
    expect(failures).toEqual([broken]);
  });
});
