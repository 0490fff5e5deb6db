import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../../test/helpers/temp-folder';
import { conditionPresets } from '@shared/network/condition';
import { systemClock } from '../clock';
import { writeHeader } from '../ethernet/frame';
import { framed } from '../../../platform/frame-stream';
import { framesIn } from '../testing/frames';
import { LearningSwitch } from './learning-switch';
import { queueLimit } from './output-queue';
import { StreamPort } from './stream-port';

/** A machine's end of a cable. */
class Station {
  readonly server: Server;
  socket: Socket | undefined;
  connections = 0;
  received = Buffer.alloc(0);
  bytes = 0;

  constructor(readonly path: string) {
    this.server = createServer((socket) => {
      this.socket = socket;
      this.connections++;
      socket.on('error', () => socket.destroy());
      socket.on('data', (data) => {
        this.bytes += data.length;
        if (this.received.length < 100_000) this.received = Buffer.concat([this.received, data]);
      });
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.server.listen(this.path, resolve));
  }

  connected(count = 1): Promise<void> {
    return expect.poll(() => this.connections).toBe(count);
  }

  async close(): Promise<void> {
    this.socket?.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

const mac = (number: number): number => 0x020000000000 + number;

function frame(to: number, from: number, size = 60): Buffer {
  const bytes = Buffer.alloc(size, from);
  writeHeader(bytes, mac(to), mac(from), 0x88b5);
  return framed(bytes);
}

describe('ports on stream sockets', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let bridge: LearningSwitch;
  let stations: Station[];
  let ports: StreamPort[];

  const plug = async (): Promise<{ station: Station; port: StreamPort }> => {
    const station = new Station(join(folder.path, `s${stations.length}`));
    stations.push(station);
    const port = new StreamPort(`port${ports.length}`, station.path, bridge, systemClock, { link: () => {} });
    ports.push(port);
    await station.listen();
    await station.connected();
    return { station, port };
  };

  beforeEach(async () => {
    folder = await temporaryFolder('ports');
    bridge = new LearningSwitch(systemClock);
    stations = [];
    ports = [];
  });

  afterEach(async () => {
    for (const port of ports) port.close();
    bridge.close();
    await Promise.all(stations.map((station) => station.close()));
    await folder.remove();
  });

  it('connect to machines that begin to listen later, and carry frames between them', async () => {
    const a = await plug();
    const b = await plug();
    b.station.socket?.write(frame(9, 2));
    await expect.poll(() => a.station.bytes).toBe(64);
    const sent = [frame(2, 1), frame(2, 1, 1514), frame(2, 1, 65_000)];
    for (const piece of sent) a.station.socket?.write(piece);
    const expected = Buffer.concat(sent);
    await expect.poll(() => b.station.bytes).toBe(expected.length);
    expect(b.station.received.equals(expected)).toBe(true);
    expect(b.port.counters).toMatchObject({ sentFrames: 3, sentBytes: 60 + 1514 + 65_000, droppedFrames: 0 });
    expect(a.port.counters.receivedFrames).toBe(3);
  });

  it('carry frames unchanged to one that reads slowly, while the memory they came in is used for others', async () => {
    const [a, b, c] = [await plug(), await plug(), await plug()];
    b.station.socket?.write(frame(9, 2));
    c.station.socket?.write(frame(9, 3));
    await expect.poll(() => a.station.bytes).toBe(128);
    const { socket } = b.station;
    const come: Buffer[] = [];
    socket?.removeAllListeners('data').on('data', (data: Buffer) => {
      come.push(data);
      socket.pause();
      setImmediate(() => socket.resume());
    });
    const numbered = (index: number): Buffer => {
      const bytes = frame(index % 3 === 0 ? 3 : 2, 1, 1514);
      bytes.fill(index % 251, 4 + 14);
      return bytes;
    };
    const count = 6000;
    for (let index = 0; index < count; index++) a.station.socket?.write(numbered(index));
    const counted = (): number =>
      [b, c].reduce((sum, { port: { counters } }) => sum + counters.sentFrames + counters.droppedFrames, 0);
    // With the frames that had no place to go to yet.
    await expect.poll(counted, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
    await expect
      .poll(() => come.reduce((sum, { length }) => sum + length, 0), { timeout: 20_000 })
      .toBeGreaterThanOrEqual(b.port.counters.sentBytes + 4 * b.port.counters.sentFrames - 64);
    const frames = framesIn([Buffer.concat(come)]).filter(({ length }) => length === 1514);
    expect(frames.length).toBeGreaterThan(1000);
    const expected = Array.from({ length: count }, (_, index) => index).filter((index) => index % 3 !== 0);
    // Some may have been given up; those that come are whole, and in their order.
    let at = 0;
    for (const one of frames) {
      while (at < expected.length && expected[at]! % 251 !== one[14]) at++;
      expect(one.subarray(14).equals(Buffer.alloc(1500, one[14]))).toBe(true);
      at++;
    }
    expect(at).toBeLessThanOrEqual(expected.length);
  });

  it('connect again when the connection ends', async () => {
    const a = await plug();
    const b = await plug();
    a.station.socket?.destroy();
    await a.station.connected(2);
    a.station.socket?.write(frame(2, 1));
    await expect.poll(() => b.station.bytes).toBe(64);
  });

  it('become slow, offline and perfect again while they carry', async () => {
    const a = await plug();
    const b = await plug();
    b.station.socket?.write(frame(9, 2));
    await expect.poll(() => a.station.bytes).toBe(64);
    a.port.setCondition({ ...conditionPresets.offline, loss: 0, latencyMs: 150 });
    const begun = performance.now();
    // In pieces that are not frames.
    const bytes = Buffer.concat([frame(2, 1), frame(2, 1, 1514)]);
    a.station.socket?.write(bytes.subarray(0, 100));
    a.station.socket?.write(bytes.subarray(100));
    await expect.poll(() => b.station.bytes, { interval: 5 }).toBe(bytes.length);
    expect(performance.now() - begun).toBeGreaterThan(145);
    expect(b.station.received.equals(bytes)).toBe(true);
    a.port.setCondition(conditionPresets.offline);
    a.station.socket?.write(frame(2, 1));
    b.station.socket?.write(frame(1, 2));
    await expect.poll(() => a.port.counters.lostFrames).toBe(2);
    a.port.setCondition(null);
    a.station.socket?.write(frame(2, 1));
    await expect.poll(() => b.station.bytes).toBe(bytes.length + 64);
    expect(a.station.bytes).toBe(64);
  });

  it('end the connection of one that lies about lengths, and of nobody else', async () => {
    const a = await plug();
    const b = await plug();
    const c = await plug();
    const ended = new Promise((resolve) => a.station.socket?.once('close', resolve));
    a.station.socket?.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 1, 2, 3]));
    await ended;
    b.station.socket?.write(frame(3, 2));
    await expect.poll(() => c.station.bytes).toBe(64);
    expect([b.station.connections, c.station.connections]).toEqual([1, 1]);
  });

  it('do not let one that reads nothing hold up the others, and bound what waits for it', async () => {
    const sender = await plug();
    const reader = await plug();
    const sleeper = await plug();
    reader.station.socket?.write(frame(9, 2));
    sleeper.station.socket?.write(frame(9, 3));
    await expect.poll(() => sender.station.bytes).toBe(128);
    sleeper.station.socket?.pause();
    const before = reader.station.bytes;
    const flood = Buffer.concat(Array.from({ length: 40 }, () => frame(3, 1, 1514)));
    const rounds = Math.ceil((3 * queueLimit) / flood.length);
    for (let round = 0; round < rounds; round++) {
      const { socket } = sender.station;
      if (socket?.write(flood) === false) await new Promise((resolve) => socket.once('drain', resolve));
    }
    sender.station.socket?.write(frame(2, 1));
    await expect.poll(() => reader.station.bytes - before).toBe(64);
    expect(sleeper.port.counters.droppedFrames).toBeGreaterThan(0);
    // What was not dropped arrives whole when it wakes up.
    sleeper.station.socket?.resume();
    const rest = (rounds * flood.length) / 1518 - sleeper.port.counters.droppedFrames;
    await expect.poll(() => sleeper.port.counters.sentFrames - 1).toBe(rest);
    await expect.poll(() => (sleeper.station.bytes - 64) / 1518).toBe(rest);
  });
});
