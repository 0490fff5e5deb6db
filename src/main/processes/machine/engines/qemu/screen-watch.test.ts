import { createServer, type Server, type Socket } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LivePicture } from './live-picture';
import { ScreenWatch } from './screen-watch';

let folder: string;
let server: Server;
let socket: Socket;
/** What the watch has sent. */
let heard: Buffer;
let picture: LivePicture;
let watch: ScreenWatch;
const sizes: string[] = [];

const u16 = (...values: number[]): Buffer =>
  Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
const i32 = (value: number): Buffer =>
  Buffer.from([value >> 24, value >> 16, value >> 8, value].map((v) => v & 0xff));
const rectangle = (x: number, y: number, w: number, h: number, type: number, ...pixels: number[]): Buffer =>
  Buffer.concat([u16(x, y, w, h), i32(type), Buffer.from(pixels)]);
const update = (...rectangles: Buffer[]): Buffer => Buffer.concat([u16(0, rectangles.length), ...rectangles]);
const request = (incremental: number, width: number, height: number): Buffer =>
  Buffer.concat([Buffer.from([3, incremental]), u16(0, 0, width, height)]);

/** Resolves when the watch has sent something that ends like this, and forgets it. */
async function hears(end: Buffer): Promise<void> {
  await expect.poll(() => heard.subarray(-end.length)).toEqual(end);
  heard = Buffer.alloc(0);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-watch-'));
  heard = Buffer.alloc(0);
  sizes.length = 0;
  picture = new LivePicture();
  const connected = new Promise<void>((resolve) => {
    server = createServer((one) => {
      socket = one;
      one.on('data', (data) => (heard = Buffer.concat([heard, data])));
      resolve();
    });
  });
  const path = join(folder, 'screen');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  watch = await ScreenWatch.connect(
    { path },
    { size: (width, height) => sizes.push(`${width}x${height}`), pointer: () => {}, picture },
  );
  await connected;
  // RFC 6143, 7.1 to 7.3: version, no security, its result, and a screen of 2 by 1 pixels without a name.
  socket.write('RFB 003.008\n');
  await hears(Buffer.from('RFB 003.008\n'));
  socket.write(Buffer.from([1, 1]));
  await hears(Buffer.from([1]));
  socket.write(i32(0));
  await hears(Buffer.from([1]));
  socket.write(Buffer.concat([u16(2, 1), Buffer.alloc(16), i32(0)]));
  await hears(i32(-257));
});
afterEach(async () => {
  watch.close();
  socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

describe('watching a screen', () => {
  it('has pixels sent when it is told to, one request at a time, however they are cut', async () => {
    expect(sizes).toEqual(['2x1']);
    watch.requestChanges(true);
    watch.requestChanges(true);
    await hears(request(0, 2, 1));
    const whole = update(rectangle(0, 0, 2, 1, 0, 3, 2, 1, 0, 6, 5, 4, 0));
    for (const byte of whole) socket.write(Buffer.from([byte]));
    await expect.poll(() => [...(picture.capture?.rgba ?? [])]).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
    expect(heard).toHaveLength(0);
    watch.requestChanges(picture.isNew);
    await hears(request(1, 2, 1));
    // The kind of pointer is told in between.
    socket.write(update(rectangle(1, 0, 0, 0, -257)));
    socket.write(update(rectangle(1, 0, 1, 1, 0, 9, 8, 7, 0)));
    await expect.poll(() => [...(picture.capture?.rgba ?? [])]).toEqual([1, 2, 3, 255, 7, 8, 9, 255]);
  });

  it('shows a screen of another size when all of that has come, in answer to what was asked before', async () => {
    watch.requestChanges(true);
    await hears(request(0, 2, 1));
    socket.write(update(rectangle(0, 0, 1, 1, -223)));
    await expect.poll(() => sizes).toEqual(['2x1', '1x1']);
    expect(picture.isNew).toBe(true);
    socket.write(update(rectangle(0, 0, 1, 1, 0, 3, 2, 1, 0)));
    await expect.poll(() => [...(picture.capture?.rgba ?? [])]).toEqual([1, 2, 3, 255]);
    watch.requestChanges(picture.isNew);
    await hears(request(1, 1, 1));
  });

  it.each([
    ['an encoding that nobody asked for', update(rectangle(0, 0, 1, 1, 7))],
    ['a rectangle that is not on the screen', update(rectangle(1, 0, 2, 1, 0))],
    ['a screen of four gigapixels', update(rectangle(0, 0, 65_535, 65_535, -223))],
  ])('hangs up at %s', async (_what, message) => {
    watch.requestChanges(true);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(message);
    await closed;
    expect(watch.closed).toBe(true);
  });
});
