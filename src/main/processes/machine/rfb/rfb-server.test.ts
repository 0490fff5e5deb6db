import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { FrameBuffer } from '../display/frame-buffer';
import { encoding, limits } from './protocol';
import { RfbServer, type RfbServerOptions } from './rfb-server';
import { ModelClient } from './testing/model-client';
import { recordedInput } from './testing/recorded-input';
import { streamPair } from './testing/stream-pair';

const servers: RfbServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function serve(width = 200, height = 100, options: RfbServerOptions = {}) {
  const frame = new FrameBuffer(width, height);
  const input = recordedInput();
  const errors: string[] = [];
  const server = new RfbServer(frame, input, {
    name: 'Test machine',
    maxFrameRate: 1000,
    timeShare: 1,
    onViewerDropped: (reason) => errors.push(reason),
    ...options,
  });
  servers.push(server);
  const connect = async (remote = false) => {
    const [here, there] = streamPair();
    server.attach(here, { remote });
    const client = new ModelClient(there);
    await client.connect();
    return Object.assign(client, { serverStream: here });
  };
  return { frame, input, server, errors, connect };
}

const settle = (milliseconds = 20) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits for a value that comes with messages still under way. */
const eventually = <T>(value: () => T) => expect.poll(value, { interval: 2 });

/** Random pixels in a rectangle; parts outside are left out. */
function scribble(
  frame: FrameBuffer,
  x: number,
  y: number,
  width: number,
  height: number,
  seed: number,
): void {
  for (let row = Math.max(0, y); row < Math.min(y + height, frame.height); row++) {
    for (let column = Math.max(0, x); column < Math.min(x + width, frame.width); column++) {
      const noise = Math.imul((seed + row * 7919 + column * 104729) | 1, 0x9e3779b1) >>> 8;
      frame.pixels[row * frame.width + column] = (0xff000000 | noise) >>> 0;
    }
  }
  frame.mark(x, y, width, height);
}

type Channels = [max: number, shift: number][];

function reader(bits: number, bigEndian: boolean): (picture: Buffer, index: number) => number {
  if (bits === 8) return (picture, index) => picture.readUInt8(index);
  if (bits === 16 && bigEndian) return (picture, index) => picture.readUInt16BE(index * 2);
  if (bits === 16) return (picture, index) => picture.readUInt16LE(index * 2);
  if (bigEndian) return (picture, index) => picture.readUInt32BE(index * 4);
  return (picture, index) => picture.readUInt32LE(index * 4);
}

/**
 * Whether a client shows what it has to, straight from RFC 6143 section 7.4; bits of a pixel that belong to no
 * colour may be anything.
 */
function shows(
  client: ModelClient,
  frame: FrameBuffer,
  bits: number,
  bigEndian: boolean,
  channels: Channels,
) {
  const read = reader(bits, bigEndian);
  if (client.pixels.length !== (frame.pixels.length * bits) / 8) return false;
  return frame.pixels.every((pixel, index) => {
    const shown = read(client.pixels, index);
    return channels.every(([max, shift], channel) => {
      const eight = (pixel >>> (8 * channel)) & 0xff;
      return Math.floor(shown / 2 ** shift) % (max + 1) === Math.round((eight / 255) * max);
    });
  });
}

const rgb888: Channels = [
  [255, 0],
  [255, 8],
  [255, 16],
];

/** Asks for updates until the client shows what the frame buffer has; fails if that takes too many. */
async function synchronise(client: ModelClient, shown: () => boolean): Promise<void> {
  for (let turn = 0; turn < 50 && !shown(); turn++) {
    client.request(true);
    const late = settle(3000).then(() => 'late');
    if ((await Promise.race([client.update(), late])) === 'late') break;
  }
  expect(shown()).toBe(true);
}

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

describe('RfbServer', () => {
  it('greets a viewer with size and name', async () => {
    const { connect, server } = serve(640, 480);
    const client = await connect();
    expect([client.width, client.height, client.name]).toEqual([640, 480, 'Test machine']);
    expect(server.stats().viewers).toBe(1);
    client.stream.close();
    await eventually(() => server.stats().viewers).toBe(0);
  });

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

  it('refuses to change the size of the screen', async () => {
    const { connect } = serve();
    const client = await connect();
    client.setEncodings(encoding.extendedDesktopSize);
    client.request(true);
    expect((await client.update())[0]).toMatchObject({ x: 0, y: 0, encoding: -308 });
    client.send(251, 0, 4, 0, 3, 0, 1, 0, ...new Array<number>(16).fill(0));
    client.request(true);
    expect(await client.update()).toEqual([{ x: 1, y: 1, width: 200, height: 100, encoding: -308 }]);
  });

  it('says that it understands scan codes and passes keys on', async () => {
    const { connect, input } = serve();
    const client = await connect();
    client.setEncodings(encoding.qemuExtendedKeyEvent);
    client.request(true);
    expect((await client.update())[0]).toMatchObject({ encoding: -258 });
    client.send(255, 0, 0, 1, 0, 0, 0, 0x61, 0, 0, 0, 0xcb);
    client.send(4, 1, 0, 0, 0, 0, 0xff, 0x0d);
    await eventually(() => input.calls).toEqual(['key e0 4b', 'key 1c']);
    client.stream.close();
    await eventually(() => input.calls.slice(2)).toEqual(['key e0 cb', 'key 9c']);
  });

  it('passes on the pointer as the guest wants it', async () => {
    const { connect, input, server } = serve();
    const client = await connect();
    client.setEncodings(encoding.qemuPointerMotionChange);
    client.send(5, 1, 0, 10, 0, 20);
    await eventually(() => input.calls.length).toBe(2);
    server.pointerMode = 'relative';
    client.send(5, 0, 0x80, 0x01, 0x7f, 0xfe);
    await eventually(() => input.calls).toEqual([
      'at 10,20 of 200x100',
      'buttons L--',
      'by 2,-1',
      'buttons ---',
    ]);
    client.request(true);
    expect((await client.update()).map((rect) => rect.encoding)).not.toContain(-257);
  });

  it('passes on the clipboard, but not too much of it', async () => {
    const { connect, input } = serve();
    const client = await connect();
    const cut = (text: Buffer) => {
      const header = Buffer.alloc(8);
      header[0] = 6;
      header.writeUInt32BE(text.length, 4);
      client.stream.send(Buffer.concat([header, text]));
    };
    cut(Buffer.alloc(limits.cutText + 1, 'x'));
    cut(Buffer.from('gr\u00fc\u00dfe', 'latin1'));
    cut(Buffer.alloc(limits.cutText, 'y'));
    await eventually(() => input.calls.map((call) => call.length)).toEqual([9, 4 + limits.cutText]);
    expect(input.calls[0]).toBe('cut grüße');
  });

  it('survives and disconnects viewers that send anything', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 400 });
    const { frame, connect, server } = serve();
    const witness = await connect();
    await fc.assert(
      fc.asyncProperty(
        fc.array(bytes, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (pieces, early) => {
          const [here, there] = streamPair();
          server.attach(here);
          there.onData(() => {});
          if (!early) there.send(Buffer.from('RFB 003.008\n\u0001\u0001', 'latin1'));
          for (const piece of pieces) there.send(piece);
          await settle(2);
          there.close();
        },
      ),
      { numRuns: 150 },
    );
    await eventually(() => server.stats().viewers).toBe(1);
    scribble(frame, 0, 0, 200, 100, 3);
    witness.request(false);
    await witness.update();
    expect(witness.pixels.equals(Buffer.from(frame.pixels.buffer))).toBe(true);
  });

  const bad: [string, number[], string][] = [
    ['an unknown message', [77], 'Unknown message type 77'],
    ['an unknown QEMU message', [255, 1], 'QEMU message 1'],
    ['too many encodings', [2, 0, 0xff, 0xff], '65535 encodings'],
    ['an endless clipboard', [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], 'Clipboard text of 4294967295 bytes'],
    ['a colour map', [0, 0, 0, 0, 8, 8, ...new Array<number>(14).fill(0)], 'Unusable pixel format'],
  ];
  it.each(bad)('disconnects a viewer that sends %s', async (_, message, reason) => {
    const { connect, errors, server } = serve();
    const client = await connect();
    client.send(...message);
    await eventually(() => client.closed).toBe(true);
    expect(errors).toEqual([reason]);
    expect(server.stats().viewers).toBe(0);
  });

  it.each([
    ['RFB 003.003\n', 'The client is older than RFB 3.8'],
    ['RFB 003.007\n', 'The client is older than RFB 3.8'],
    ['GET / HTTP/1.1', 'This is not an RFB client'],
    ['RFB 003.008\n\u0002', 'The client chose a security type that was not offered'],
  ])('refuses %j', async (greeting, reason) => {
    const { server, errors } = serve();
    const [here, there] = streamPair();
    there.onData(() => {});
    server.attach(here);
    there.send(Buffer.from(greeting, 'latin1'));
    await eventually(() => errors).toEqual([reason]);
    expect(server.stats().viewers).toBe(0);
  });

  it('takes a greeting and messages byte by byte', async () => {
    const { server, input } = serve();
    const [here, there] = streamPair();
    there.onData(() => {});
    server.attach(here);
    const text = 'RFB 003.008\n\u0001\u0001' + '\u0006\0\0\0\0\0\0\u0002hi' + '\u0004\u0001\0\0\0\0\0a';
    for (const byte of Buffer.from(text, 'latin1')) there.send(Uint8Array.of(byte));
    await eventually(() => input.calls).toEqual(['cut hi', 'key 1e']);
  });
});
