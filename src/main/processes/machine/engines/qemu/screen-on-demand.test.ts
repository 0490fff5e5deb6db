import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../../test/helpers/temp-folder';
import { LivePicture } from './live-picture';
import { ScreenOnDemand } from './screen-on-demand';

/** A screen of one pixel that needs no password and has no name (RFC 6143, 7.1 to 7.3). */
const hello = Buffer.concat([
  Buffer.from('RFB 003.008\n'),
  Buffer.from([1, 1]),
  Buffer.alloc(4),
  Buffer.from([0, 1, 0, 1]),
  Buffer.alloc(20),
]);
/** An update of that pixel. */
const update = (...pixel: number[]): Buffer =>
  Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, ...pixel, 0]);

/** Version, security type, ClientInit and two encodings; requests after that. In bytes. */
const [beforeRequests, requestLength] = [12 + 1 + 1 + 12, 10];
const requestsIn = (bytes: number): number =>
  Math.max(0, Math.floor((bytes - beforeRequests) / requestLength));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: Server;
/** The answer to every request. */
let shown: Buffer;
/** Whoever is connected now. */
const connected = new Set<Socket>();
const said: string[] = [];
let make: (lingerMs: number) => ScreenOnDemand;
let screen: ScreenOnDemand;

beforeEach(async () => {
  folder = await temporaryFolder('screen');
  said.length = 0;
  shown = update(3, 2, 1);
  server = createServer((socket) => {
    connected.add(socket);
    socket.on('close', () => connected.delete(socket));
    let heard = 0;
    socket.on('data', (data) => {
      const asked = requestsIn(heard);
      heard += data.length;
      for (let answer = asked; answer < requestsIn(heard); answer++) socket.write(shown);
    });
    socket.on('error', () => {}); // it has hung up meanwhile
    socket.write(hello);
  });
  const path = join(folder.path, 'v');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  make = (lingerMs) => {
    const size = (width: number, height: number) => said.push(`${width}×${height}`);
    const news = { size, pointer: () => {}, picture: new LivePicture() };
    return new ScreenOnDemand({ path }, news, (line) => said.push(line), lingerMs);
  };
});
afterEach(async () => {
  screen.close();
  await new Promise((resolve) => server.close(resolve));
  await folder.remove();
});

const red = [1, 2, 3, 255];
const glance = async (): Promise<number[]> => [...((await screen.glance())?.rgba ?? [])];

describe('a screen', () => {
  it('is watched between glances while it rests, and anew at each glance while it moves', async () => {
    screen = make(60_000);
    expect(await glance()).toEqual(red);
    expect(said).toEqual(['1×1']);
    await expect.poll(() => connected.size).toBe(0);
    expect(await glance()).toEqual(red);
    expect(connected.size).toBe(1);
    shown = update(6, 5, 4);
    await expect.poll(glance).toEqual([4, 5, 6, 255]);
    await expect.poll(() => connected.size).toBe(0);
  });

  it('is watched for as long as a viewer is there, and forgotten a while after the last one', async () => {
    screen = make(50);
    const [first, second] = [screen.attend(), screen.attend()];
    expect(await glance()).toEqual(red);
    first();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(connected.size).toBe(1);
    second();
    await expect.poll(() => connected.size).toBe(0);
    shown = update(6, 5, 4);
    expect(await glance()).toEqual([4, 5, 6, 255]); // what it looked like then is not believed any more
  });

  it('is watched again with the next look when the server has hung up', async () => {
    screen = make(60_000);
    screen.attend();
    await expect.poll(glance).toEqual(red);
    for (const socket of connected) socket.destroy();
    await expect.poll(() => connected.size).toBe(0);
    await expect.poll(glance).toEqual(red);
    expect(connected.size).toBe(1);
  });

  it('says why it cannot be watched', async () => {
    screen = make(60_000);
    for (const socket of connected) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    expect(await glance()).toEqual([]);
    await expect.poll(() => said.join()).toContain('cannot be watched');
  });
});
