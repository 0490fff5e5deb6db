import { afterEach, expect } from 'vitest';
import { FrameBuffer } from '../../display/frame-buffer';
import { RfbServer, type RfbServerOptions } from '../rfb-server';
import { ModelClient } from './model-client';
import { recordedInput } from './recorded-input';
import { streamPair } from './stream-pair';

/** An RFB server on a frame buffer, and what a test asks of its viewers. */

const servers: RfbServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that ends with the test, and a way to connect to it. */
export function serve(width = 200, height = 100, options: RfbServerOptions = {}) {
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

export const settle = (milliseconds = 20) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits for a value that comes with messages still under way. */
export const eventually = <T>(value: () => T) => expect.poll(value, { interval: 2 });

/** Random pixels in a rectangle; parts outside are left out. */
export function scribble(
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

/** Of a pixel format: red, green and blue. */
export type Channels = [max: number, shift: number][];

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
export function shows(
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

export const rgb888: Channels = [
  [255, 0],
  [255, 8],
  [255, 16],
];

/** Asks for updates until the client shows what the frame buffer has; fails if that takes too many. */
export async function synchronise(client: ModelClient, shown: () => boolean): Promise<void> {
  for (let turn = 0; turn < 50 && !shown(); turn++) {
    client.request(true);
    const late = settle(3000).then(() => 'late');
    if ((await Promise.race([client.update(), late])) === 'late') break;
  }
  expect(shown()).toBe(true);
}
