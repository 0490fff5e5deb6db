import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captureRequest, type CaptureRequest } from '@shared/network/capture';
import type { Gateway } from '../gateway/gateway';
import type { LearningSwitch } from '../ports/learning-switch';
import { dnsQuestion, TestGuest } from '../testing/guest';
import { TestGuest6 } from '../testing/guest6';
import { testNetwork } from '../testing/network';
import { Capture } from './capture';
import { decodeFrame } from './decode/frame';

const gatewayAddress = 0x0a560001;

describe('a capture', () => {
  let bridge: LearningSwitch;
  let gateway: Gateway;
  let guest: TestGuest;
  let capture: Capture;
  let server: ReturnType<typeof createServer>;

  const begin = (request: Partial<CaptureRequest> = {}): Capture => {
    capture = bridge.tap = new Capture({
      request: captureRequest.parse({ port: null, ...request }),
      wallClock: () => performance.timeOrigin + performance.now(),
      nameOf: (port) => port,
    });
    return capture;
  };
  const lines = async (filter = ''): Promise<string[]> =>
    (await capture.page(0, 1000, filter)).packets.map(({ protocol, info }) => `${protocol} ${info}`);
  /** Does what guests do: an address, a name, a page. */
  const browse = async (): Promise<void> => {
    guest.lease();
    guest.gatewayMac = await guest.arp(gatewayAddress);
    await guest.ask(gatewayAddress, 53, dnsQuestion('host', 1));
    const stream = guest.connect(gatewayAddress, 80);
    stream.connection?.write(Buffer.from('GET /index.html HTTP/1.1\r\nHost: host\r\n\r\n'));
    stream.connection?.end();
    await guest.until(() => stream.end);
  };

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.resume();
      socket.on('end', () => socket.end(`HTTP/1.1 200 OK\r\nServer: test\r\n\r\n${'x'.repeat(20_000)}`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port: hostPort } = server.address() as { port: number };
    ({ bridge, gateway } = testNetwork({
      ipv6: { prefix: 'fd00:86::/64' },
      offers: [{ protocol: 'tcp', port: 80, hostPort }],
    }));
    guest = new TestGuest('a', 0x525400000001, bridge);
    // The gateway advertises itself at its beginning.
    await new Promise((resolve) => setImmediate(resolve));
  });
  afterEach(async () => {
    await gateway.close();
    bridge.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('shows what passes the network, decoded, in the order in which it passed', async () => {
    begin();
    await browse();
    new TestGuest6('b', 0x525400000002, bridge).join();
    await new Promise((resolve) => setImmediate(resolve));
    const all = await lines();
    const expected = [
      'DHCP Discover',
      'DHCP Offer of 10.86.0.100',
      'DHCP Request',
      'DHCP Ack of 10.86.0.100',
      'ARP Who has 10.86.0.1? Tell 10.86.0.100',
      'ARP 10.86.0.1 is at 02:56:00:00:00:01',
      'DNS Question A host',
      'DNS Answer A host: A 10.86.0.1',
      'HTTP GET /index.html HTTP/1.1',
      'HTTP HTTP/1.1 200 OK',
      'ICMPv6 Router solicitation',
      'ICMPv6 Router advertisement',
    ];
    expect(all.filter((line) => !line.startsWith('TCP'))).toEqual(expected);
    expect(all.find((line) => line.startsWith('TCP'))).toMatch(
      /^TCP \d+ → 80 \[SYN\] Seq=\d+ Win=65535 Len=0$/,
    );
    expect(await lines('arp or dhcp')).toEqual([...expected.slice(0, 6)]);
    const [question] = (await capture.page(0, 1, 'dns')).packets;
    expect(question).toMatchObject({
      source: '10.86.0.100',
      destination: '10.86.0.1',
      port: 'a',
      direction: 'received',
    });
    expect(Math.abs((question?.time ?? 0) - Date.now())).toBeLessThan(10_000);
    const detail = capture.detail(question?.number ?? 0);
    expect(detail.layers.map(({ protocol }) => protocol)).toEqual(['Ethernet', 'IPv4', 'UDP', 'DNS']);
    expect(detail.layers.map(({ start, end }) => [start, end]).slice(0, 3)).toEqual([
      [0, 14],
      [14, 34],
      [34, 42],
    ]);
    expect(Buffer.from(detail.bytes, 'base64').length).toBe(question?.length);
  });

  it('follows a connection, whatever order its packets came in', async () => {
    begin();
    await browse();
    const [first] = (await capture.page(0, 1, 'tcp port 80')).packets;
    const stream = await capture.follow(first?.number ?? 0);
    expect(stream.client).toMatch(/^10\.86\.0\.100:\d+$/);
    expect(stream).toMatchObject({ server: '10.86.0.1:80', truncated: false });
    const said = (who: 'client' | 'server'): string =>
      stream.parts
        .filter(({ from }) => from === who)
        .map(({ data }) => Buffer.from(data, 'base64').toString())
        .join('');
    expect(said('client')).toBe('GET /index.html HTTP/1.1\r\nHost: host\r\n\r\n');
    expect(said('server')).toBe(`HTTP/1.1 200 OK\r\nServer: test\r\n\r\n${'x'.repeat(20_000)}`);
    expect(stream.parts.some(({ gap }) => gap)).toBe(false);
    await expect(capture.follow(1)).rejects.toThrow('does not belong to a TCP connection');
    await expect(capture.follow(100_000)).rejects.toThrow('not there any more');
  });

  it('follows a connection that was sent in the worst order, and lets others go on meanwhile', async () => {
    begin();
    const segment = (sequence: number, set: number, text: string): Buffer => {
      const tcp = Buffer.alloc(20);
      tcp.writeUInt16BE(40_000);
      tcp.writeUInt16BE(9, 2);
      tcp.writeUInt32BE(sequence, 4);
      tcp[12] = 0x50;
      tcp[13] = set;
      return Buffer.concat([tcp, Buffer.from(text)]);
    };
    const count = 20_000;
    guest.sendPacket(gatewayAddress, 6, segment(999, 2, ''));
    for (let index = count - 1; index >= 0; index--) {
      guest.sendPacket(gatewayAddress, 6, segment(1000 + index, 16, String.fromCharCode(97 + (index % 26))));
    }
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const stream = await capture.follow(1);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(1);
    const text = stream.parts.map(({ data }) => Buffer.from(data, 'base64').toString()).join('');
    // What came before its turn beyond any measure is told behind a gap; nothing is told twice.
    expect(text.length).toBeGreaterThan(4000);
    expect(text.length).toBeLessThanOrEqual(count);
    expect(stream.parts.some(({ gap }) => gap)).toBe(true);
  });

  it('is of one port when that was asked for, keeps as much as was asked for, and stops', async () => {
    const other = new TestGuest('c-nic0', 0x525400000003, bridge);
    begin({ port: 'c-nic0', snapLength: 64 });
    await browse();
    other.lease();
    const packets = (await capture.page(0, 1000, '')).packets;
    const own = packets.filter(({ port }) => port === 'c-nic0');
    expect(own).toHaveLength(packets.length);
    // What was for everybody came by too.
    expect((await lines('dhcp')).length).toBeGreaterThanOrEqual(4);
    expect(new Set(own.map(({ direction }) => direction))).toEqual(new Set(['received', 'sent']));
    expect(Buffer.from(capture.detail(packets[0]?.number ?? 0).bytes, 'base64')).toHaveLength(64);
    expect(packets[0]?.length).toBeGreaterThan(250);
    capture.stop();
    bridge.tap = undefined;
    other.lease();
    expect((await capture.page(0, 1000, '')).packets).toHaveLength(packets.length);
    expect(capture.status).toMatchObject({ running: false, port: 'c-nic0', last: packets.length });
  });

  it('is told in pages that go on where the last one ended', async () => {
    begin();
    await browse();
    const whole = (await capture.page(0, 1000, '')).packets.map(({ number }) => number);
    const pieces: number[] = [];
    for (let page = await capture.page(0, 7, ''); ; page = await capture.page(page.next, 7, '')) {
      pieces.push(...page.packets.map(({ number }) => number));
      if (page.complete) break;
    }
    expect(pieces).toEqual(whole);
  });

  it('decodes the name that a TLS client asks for', async () => {
    const name = Buffer.from('example.org');
    const u16 = (value: number): Buffer => Buffer.of(value >>> 8, value & 255);
    const server = Buffer.concat([Buffer.of(0), u16(name.length), name]);
    const extension = Buffer.concat([u16(0), u16(server.length + 2), u16(server.length), server]);
    const body = Buffer.concat([
      u16(0x0303),
      Buffer.alloc(32, 7),
      Buffer.of(0),
      u16(2),
      u16(0x1301),
      Buffer.of(1, 0),
      u16(extension.length),
      extension,
    ]);
    const hello = Buffer.concat([Buffer.of(1, 0), u16(body.length), body]);
    begin();
    guest.lease();
    const tcp = Buffer.alloc(20);
    tcp.writeUInt16BE(40_000);
    tcp.writeUInt16BE(443, 2);
    tcp[12] = 0x50;
    tcp[13] = 0x18;
    guest.sendPacket(0x01020304, 6, Buffer.concat([tcp, Buffer.of(22, 3, 1), u16(hello.length), hello]));
    expect(await lines('tls')).toEqual(['TLS Client hello (example.org)']);
  });

  it('survives 100,000 mutated frames, whatever is asked of it', async () => {
    begin();
    await browse();
    new TestGuest6('b', 0x525400000002, bridge).join();
    const { packets } = await capture.page(0, 1000, '');
    const seeds = packets.map(({ number }) => Buffer.from(capture.detail(number).bytes, 'base64'));
    let state = 99;
    const random = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) % limit;
    };
    for (let round = 0; round < 100_000; round++) {
      const frame = Buffer.from(seeds[random(seeds.length)]!);
      for (let count = 1 + random(6); count > 0; count--) frame[random(frame.length)] = random(256);
      const { info, layers } = decodeFrame(
        frame.subarray(0, random(4) === 0 ? random(frame.length + 1) : frame.length),
      );
      if (info.length > 500 || layers.length > 20) throw new Error(`${layers.length} layers: ${info}`);
    }
  }, 60_000);
});
