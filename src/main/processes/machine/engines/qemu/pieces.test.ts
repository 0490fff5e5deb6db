import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../../test/helpers/temp-folder';
import { processStart } from '../../../../platform/process-start';
import { FrameCounter } from './frame-counter';
import { readPixmap } from './portable-pixmap';
import { processUsage } from './process-identity';
import { ScancodeReader } from './scancodes';
import { LivePicture } from './live-picture';
import { ScreenWatch } from './screen-watch';

describe('scan codes', () => {
  it('become keys that go down and up', () => {
    const reader = new ScancodeReader();
    expect(reader.read([0x1e, 0x9e])).toEqual([
      { number: 0x1e, down: true },
      { number: 0x1e, down: false },
    ]);
    // Right Ctrl, in pieces; then Pause, which goes down and up at once.
    expect(reader.read([0xe0])).toEqual([]);
    expect(reader.read([0x1d, 0xe0, 0x9d])).toEqual([
      { number: 0x9d, down: true },
      { number: 0x9d, down: false },
    ]);
    expect(reader.read([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5])).toEqual([
      { number: 0xc6, down: true },
      { number: 0xc6, down: false },
    ]);
  });

  it('give the same keys however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(255)), fc.nat(), (bytes, cut) => {
        const at = cut % (bytes.length + 1);
        const pieces = new ScancodeReader();
        expect([...pieces.read(bytes.slice(0, at)), ...pieces.read(bytes.slice(at))]).toEqual(
          new ScancodeReader().read(bytes),
        );
      }),
    );
  });
});

describe('a picture of the screen', () => {
  it('is read pixel by pixel', () => {
    const data = Buffer.concat([Buffer.from('P6\n2 1\n255\n'), Buffer.from([1, 2, 3, 4, 5, 6])]);
    const { width, height, rgba } = readPixmap(data);
    expect([width, height, ...rgba]).toEqual([2, 1, 1, 2, 3, 255, 4, 5, 6, 255]);
  });

  it('is refused when it is anything else', () => {
    for (const text of [
      '',
      'P5\n1 1\n255\nabc',
      'P6\n1 1\n255\nab',
      'P6\n99999 1\n255\n',
      'P6\n1 1\n65535\nabcdef',
    ]) {
      expect(() => readPixmap(Buffer.from(text))).toThrow(/cannot be read/);
    }
  });
});

describe('counting pictures', () => {
  const handshake = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.from([1, 1])]);
  const request = Buffer.from([3, 1, 0, 0, 0, 0, 0, 10, 0, 10]);

  it('counts requests of every viewer, however they are cut', () => {
    const frames = new FrameCounter();
    const whole = Buffer.concat([handshake, Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]), request, request]);
    const one = frames.viewer();
    for (const byte of whole) one(Uint8Array.of(byte));
    frames.viewer()(whole);
    expect(frames.count).toBe(4);
  });

  it('stops at a message that it does not know', () => {
    const frames = new FrameCounter();
    const viewer = frames.viewer();
    viewer(Buffer.concat([handshake, request, Buffer.from([99, 1, 2, 3])]));
    viewer(request);
    expect(frames.count).toBe(1);
  });
});

describe('watching the screen', () => {
  /** What QEMU's VNC server sends. */
  const rect = (x: number, width: number, height: number, type: number): Buffer => {
    const out = Buffer.alloc(12);
    out.writeUInt16BE(x, 0);
    out.writeUInt16BE(width, 4);
    out.writeUInt16BE(height, 6);
    out.writeInt32BE(type, 8);
    return out;
  };
  const serverInit = Buffer.alloc(24 + 4);
  serverInit.writeUInt16BE(640, 0);
  serverInit.writeUInt16BE(480, 2);
  serverInit.writeUInt32BE(4, 20);

  async function watch(parts: Buffer[], news: string[]): Promise<boolean> {
    const folder = await temporaryFolder('watch');
    const path = join(folder.path, 'v');
    let served: Socket | undefined;
    const server = createServer((socket) => {
      served = socket;
      socket.on('error', () => {});
      socket.resume();
      // Byte by byte in one turn each would take long: cut at odd places instead.
      const data = Buffer.concat(parts);
      for (let at = 0; at < data.length; at += 7) socket.write(data.subarray(at, at + 7));
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const watcher = await ScreenWatch.connect(
      { path },
      {
        size: (width, height) => news.push(`${width}×${height}`),
        pointer: (mode) => news.push(mode),
        picture: new LivePicture(),
      },
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const open = served?.destroyed === false && served.readyState === 'open';
    watcher.close();
    server.close();
    await folder.remove();
    return open;
  }
  const hello = [Buffer.from('RFB 003.008\n'), Buffer.from([1, 1]), Buffer.alloc(4), serverInit];
  const update = (...rects: Buffer[]) => Buffer.concat([Buffer.from([0, 0, 0, rects.length]), ...rects]);

  it('tells sizes and the kind of pointer, and passes over everything else', async () => {
    const news: string[] = [];
    const cut = Buffer.from([3, 0, 0, 0, 0, 0, 0, 3, 65, 66, 67]);
    const extended = Buffer.from([3, 0, 0, 0, 255, 255, 255, 252, 1, 2, 3, 4]);
    await watch(
      [
        ...hello,
        update(rect(1, 0, 0, -257)),
        cut,
        Buffer.from([2]),
        extended,
        update(rect(0, 1280, 800, -223), rect(0, 0, 0, -257)),
      ],
      news,
    );
    expect(news).toEqual(['640×480', 'absolute', '1280×800', 'relative']);
  });

  it('gives up when something comes that nobody asked for', async () => {
    const news: string[] = [];
    await watch([...hello, update(rect(0, 8, 8, 0)), update(rect(0, 1, 1, -223))], news);
    expect(news).toEqual(['640×480']);
  });
});

describe('processes', () => {
  it('are told apart by their start, and measured', async () => {
    expect(await processStart(process.pid)).toBeDefined();
    expect(await processStart(process.pid)).toBe(await processStart(process.pid));
    expect(await processStart(2 ** 22 + 1)).toBeUndefined();
    const usage = await processUsage(process.pid);
    expect(usage?.cpu).toBeGreaterThan(0);
    expect(usage?.memory).toBeGreaterThan(1024 * 1024);
  });
});
