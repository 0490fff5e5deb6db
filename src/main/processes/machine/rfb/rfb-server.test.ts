import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FrameBuffer } from '../display/frame-buffer';
import { encoding } from './protocol';
import { ModelClient } from './testing/model-client';
import { type Channels, rgb888, scribble, serve, settle, shows, synchronise } from './testing/served';
import { streamPair } from './testing/stream-pair';

/** How many milliseconds a number of updates takes while everything changes all the time. */
async function timeOf(updates: number, client: ModelClient, frame: FrameBuffer): Promise<number> {
  const start = performance.now();
  for (let seed = 0; seed < updates; seed++) {
    scribble(frame, 0, 0, frame.width, frame.height, seed);
    client.request(true);
    await client.update();
  }
  return performance.now() - start;
}

describe('pictures of an RFB server', () => {
  it.each([
    ['raw', false, encoding.raw],
    ['zlib', true, encoding.zlib],
  ])('shows the whole screen in %s', async (_, remote, expected) => {
    const { frame, connect } = serve();
    scribble(frame, 0, 0, 200, 100, 1);
    const client = await connect(remote);
    client.setEncodings(encoding.zlib, encoding.raw);
    client.request(false);
    const rects = await client.update();
    expect(rects).toEqual([{ x: 0, y: 0, width: 200, height: 100, encoding: expected }]);
    expect(shows(client, frame, 32, false, rgb888)).toBe(true);
  });

  const formats: [string, number, boolean, Channels][] = [
    ['32 bits, little', 32, false, rgb888],
    ['32 bits, little, BGR', 32, false, [[255, 16], [255, 8], [255, 0]]],
    ['32 bits, big', 32, true, [[255, 16], [255, 8], [255, 0]]],
    ['32 bits, big, in memory order', 32, true, [[255, 24], [255, 16], [255, 8]]],
    ['30 bits', 32, false, [[1023, 20], [1023, 10], [1023, 0]]],
    ['16 bits, little', 16, false, [[31, 11], [63, 5], [31, 0]]],
    ['16 bits, big', 16, true, [[31, 11], [63, 5], [31, 0]]],
    ['8 bits', 8, false, [[7, 0], [7, 3], [3, 6]]],
  ]; // prettier-ignore

  it.each(formats)(
    'ends with the same picture after any changes: %s',
    async (_, bits, bigEndian, channels) => {
      const change = fc.record({
      x: fc.integer({ min: -20, max: 220 }),
      y: fc.integer({ min: -20, max: 120 }),
      width: fc.integer({ min: 1, max: 150 }),
      height: fc.integer({ min: 1, max: 100 }),
      seed: fc.nat(),
      resize: fc.option(fc.record({ width: fc.integer({ min: 1, max: 300 }), height: fc.integer({ min: 1, max: 200 }) }), { freq: 6 }),
      update: fc.boolean(),
    }); // prettier-ignore
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 12 }), fc.boolean(), async (changes, remote) => {
          const { frame, connect, server } = serve();
          const client = await connect(remote);
          client.setPixelFormat(bits, bigEndian, channels);
          client.setEncodings(encoding.zlib, encoding.raw, encoding.desktopSize);
          client.request(false);
          await client.update();
          for (const { x, y, width, height, seed, resize, update } of changes) {
            if (resize) frame.resize(resize.width, resize.height);
            scribble(frame, x, y, width, height, seed);
            if (!update) continue;
            // Between two updates more changes happen, some while one is under way.
            client.request(true);
            await settle(1);
            scribble(frame, y, x, height, width, seed + 1);
            scribble(frame, 0, 0, 1, 1, seed + 2);
            await client.update();
          }
          await synchronise(client, () => shows(client, frame, bits, bigEndian, channels));
          server.close();
        }),
        { numRuns: 12 },
      );
    },
  );

  it('answers nothing while nothing changes, and then only what changed', async () => {
    const { frame, connect } = serve();
    const client = await connect();
    client.request(false);
    await client.update();
    client.request(true);
    const next = client.update();
    expect(await Promise.race([next, settle(50).then(() => 'nothing')])).toBe('nothing');
    const same = { pixels: frame.pixels.slice(), stride: 200, x: 0, y: 0 };
    frame.copy(same, { x: 0, y: 0, width: 200, height: 100 });
    expect(await Promise.race([next, settle(50).then(() => 'nothing')])).toBe('nothing');
    scribble(frame, 70, 20, 3, 3, 5);
    expect(await next).toEqual([{ x: 64, y: 16, width: 64, height: 16, encoding: encoding.raw }]);
  });

  it('sends no update that was not asked for', async () => {
    const { frame, connect, server } = serve();
    const client = await connect();
    client.request(false);
    await client.update();
    const { framesSent } = server.stats();
    for (let turn = 0; turn < 20; turn++) {
      scribble(frame, 0, 0, 200, 100, turn);
      await settle(2);
    }
    expect(server.stats().framesSent).toBe(framesSent);
  });

  it('keeps to the highest frame rate', async () => {
    const { frame, connect } = serve(64, 16, { maxFrameRate: 20 });
    const client = await connect();
    expect(await timeOf(6, client, frame)).toBeGreaterThan(5 * 50 - 10);
  });

  it('uses no more of this thread than it may', async () => {
    const { frame, server } = serve(64, 16, { timeShare: 0.1 });
    const [here, there] = streamPair();
    const costly = {
      ...here,
      unsent: 0,
      drained: () => Promise.resolve(),
      send(data: Uint8Array) {
        const end = performance.now() + 5;
        while (performance.now() < end);
        here.send(data);
      },
    };
    server.attach(costly);
    const client = new ModelClient(there);
    await client.connect();
    expect(await timeOf(6, client, frame)).toBeGreaterThan(5 * 50 - 10);
  });

  it('makes nothing for a viewer that does not read', async () => {
    const { frame, connect, server } = serve(800, 600);
    const slow = await connect();
    let resume = () => {};
    slow.stalled = new Promise((resolve) => (resume = resolve));
    const quick = await connect();
    for (let turn = 0; turn < 30; turn++) {
      scribble(frame, 0, 0, 800, 600, turn);
      slow.request(turn > 0);
      quick.request(turn > 0);
      await quick.update();
    }
    const picture = 800 * 600 * 4;
    expect(slow.serverStream.unsent).toBeGreaterThanOrEqual(picture);
    expect(slow.serverStream.unsent).toBeLessThan(picture * 1.1);
    expect(quick.updates).toBe(30);
    expect(server.stats().bytesSent).toBeGreaterThan(31 * picture);
    slow.stalled = undefined;
    resume();
    await slow.update();
    await synchronise(slow, () => slow.pixels.equals(Buffer.from(frame.pixels.buffer)));
    expect(slow.updates).toBeLessThan(5);
  });

  it('tells viewers a new size before its pixels, each in the way it understands', async () => {
    const { frame, connect } = serve();
    const [plain, extended, neither] = [await connect(), await connect(), await connect()];
    plain.setEncodings(encoding.desktopSize);
    extended.setEncodings(encoding.desktopSize, encoding.extendedDesktopSize);
    for (const client of [plain, extended, neither]) {
      client.request(false);
      await client.update();
    }
    extended.request(false);
    await extended.update();
    frame.resize(320, 240);
    scribble(frame, 0, 0, 320, 240, 9);
    for (const client of [plain, extended, neither]) client.request(true);
    expect(await plain.update()).toEqual([{ x: 0, y: 0, width: 320, height: 240, encoding: -223 }]);
    expect(await extended.update()).toEqual([{ x: 0, y: 0, width: 320, height: 240, encoding: -308 }]);
    expect(await neither.update()).toEqual([{ x: 0, y: 0, width: 200, height: 100, encoding: 0 }]);
    await synchronise(plain, () => plain.pixels.equals(Buffer.from(frame.pixels.buffer)));
    await synchronise(extended, () => extended.pixels.equals(Buffer.from(frame.pixels.buffer)));
  });

  it('sends everything to a viewer that learns of the size late', async () => {
    const { frame, connect } = serve();
    const client = await connect();
    client.request(false);
    await client.update();
    frame.resize(300, 200);
    scribble(frame, 0, 0, 300, 200, 4);
    client.request(true);
    await client.update();
    client.setEncodings(encoding.desktopSize);
    client.request(true);
    expect((await client.update())[0]).toMatchObject({ width: 300, height: 200, encoding: -223 });
    client.request(true);
    await client.update();
    expect(shows(client, frame, 32, false, rgb888)).toBe(true);
  });

  it('joins many small changes before it compresses them', async () => {
    const { frame, connect } = serve(640, 320);
    const client = await connect(true);
    client.setEncodings(encoding.zlib);
    client.request(false);
    await client.update();
    for (let row = 0; row < 20; row++) {
      for (let column = row % 2; column < 10; column += 2) scribble(frame, column * 64, row * 16, 1, 1, row);
    }
    client.request(true);
    expect(await client.update()).toEqual([{ x: 0, y: 0, width: 640, height: 320, encoding: encoding.zlib }]);
    expect(shows(client, frame, 32, false, rgb888)).toBe(true);
  });
});
