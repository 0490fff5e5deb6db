import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import { formatIpv6, parseIpv6 } from '@shared/network/ipv6';
import { checksum, pseudoHeaderSum } from '../ethernet/checksum';
import { headerLength } from '../ethernet/frame';
import { protocols } from '../ip/ip';
import { maxPacketsPerCard } from '../ip/reassembly';
import { fragmentHeader, unspecified6, writeIpv6Header } from '../ipv6/packet';
import { maxPerStation } from '../ndp/bindings';
import type { LearningSwitch } from '../ports/learning-switch';
import { framesIn } from '../testing/frames';
import { dnsQuestion, TestGuest, until } from '../testing/guest';
import { TestGuest6 } from '../testing/guest6';
import { testNetwork } from '../testing/network';
import { sendDatagram } from '../udp/datagram';
import type { Gateway } from './gateway';
import type { Machines } from './machines';

const ip6 = (text: string): string => parseIpv6(text) ?? '';
const gatewayAddress = ip6('fd00:86::1');
const network: NetworkConfig = { ...defaultNetwork(), ipv6: { prefix: 'fd00:86::/64' } };

describe('the gateway over IPv6', () => {
  let bridge: LearningSwitch;
  let gateway: Gateway;
  let a: TestGuest6;
  let closing: (() => Promise<unknown> | void)[];

  const tcpServer = async (onConnection: Parameters<typeof createServer>[1], host = '127.0.0.1') => {
    const server: Server = createServer({ allowHalfOpen: true }, onConnection);
    server.on('connection', (socket) => socket.on('error', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    return (server.address() as { port: number }).port;
  };
  const echoServer = async (type: 'udp4' | 'udp6', host: string): Promise<number> => {
    const socket = createSocket(type);
    socket.on('message', (data, from) => socket.send(data, from.port, from.address));
    await new Promise<void>((resolve) => socket.bind(0, host, resolve));
    closing.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    return socket.address().port;
  };

  beforeEach(() => {
    closing = [];
    let machines: Machines;
    ({ bridge, gateway, machines } = testNetwork(network));
    a = new TestGuest6('a', 0x525400000001, bridge);
    machines.plug({ port: 'a', machine: 'aaaaaaaaaaaaaaaa', name: 'Alpha', mac: a.mac });
    machines.plug({ port: 'b', machine: 'bbbbbbbbbbbbbbbb', name: 'Beta', mac: 0x525400000002 });
  });
  afterEach(async () => {
    await gateway.close();
    bridge.close();
    await Promise.all(closing.map((close) => close()));
  });

  it('advertises itself, the prefix, the MTU and the names to all who ask, and takes it back at its end', async () => {
    const { router, lifetime, flags, options } = a.join();
    expect(formatIpv6(router)).toBe('fe80::56:ff:fe00:1');
    expect([lifetime, flags]).toEqual([1800, 0x40]);
    expect(options.get(3)?.toString('hex')).toBe(
      '0304' + '40c0' + '00015180' + '00003840' + '00000000' + 'fd000086000000000000000000000000',
    );
    expect(options.get(5)?.readUInt32BE(4)).toBe(1500);
    expect(options.get(25)?.subarray(8).toString('latin1')).toBe(gatewayAddress);
    expect(options.get(31)?.subarray(8, 22).toString('latin1')).toBe('\x02vm\x08internal\0\0');
    expect(formatIpv6(a.address)).toBe('fd00:86::5054:ff:fe00:1');
    gateway.configure({ ...network, kind: 'host-only' });
    expect(a.join().lifetime).toBe(0);
    a.packets.length = 0;
    await gateway.close();
    await new Promise((resolve) => setImmediate(resolve));
    const last = a.packets.at(-1);
    const places = [6, 16 + 8 + 8 + 4].map((offset) => last?.bytes.readUInt16BE(last.payload + offset));
    expect(places).toEqual([0, 0]);
  });

  it('answers neighbours, also those that have no address yet', () => {
    a.join();
    expect(a.solicit(gatewayAddress)).toEqual([{ flags: 0xe0, mac: 0x025600000001, to: 'one' }]);
    expect(a.solicit(gatewayAddress, unspecified6)).toEqual([
      { flags: 0xa0, mac: 0x025600000001, to: 'all' },
    ]);
    expect(a.solicit(ip6('fd00:86::77'))).toEqual([]);
  });

  it('answers questions for settings by DHCPv6, and no others', async () => {
    a.join();
    const question = Buffer.from(
      '0b123456' + '0001' + '0004' + 'cafebabe' + '0006' + '0004' + '00170018',
      'hex',
    );
    const group = { mac: 0x3333_0001_0002, address: ip6('ff02::1:2'), port: 547 };
    sendDatagram(a.ip, group, { address: a.linkLocal, port: 546 }, question);
    a.flush();
    const text = a.datagrams.at(-1)?.data.toString('hex') ?? '';
    expect(text.slice(0, 8)).toBe('07123456');
    expect(text).toContain('00010004cafebabe');
    expect(text).toContain(`00170010${Buffer.from(gatewayAddress, 'latin1').toString('hex')}`);
    const solicit = Buffer.from(question);
    solicit[0] = 1;
    sendDatagram(a.ip, group, { address: a.linkLocal, port: 546 }, solicit);
    a.flush();
    expect(a.datagrams).toHaveLength(1);
  });

  it('answers pings, also of more than one packet, and names itself to traceroute', () => {
    a.join();
    const ping = Buffer.alloc(4008, 7);
    ping.writeUInt32BE(0x80000000, 0);
    const pseudo = pseudoHeaderSum(a.address, gatewayAddress, protocols.icmpv6, ping.length);
    ping.writeUInt16BE(checksum(ping, 0, ping.length, pseudo), 2);
    a.sendPacket(gatewayAddress, protocols.icmpv6, ping);
    const reply = a.packets.find(({ bytes, payload }) => bytes[payload] === 129);
    expect(reply?.bytes.subarray(reply.payload + 8, reply.end).equals(ping.subarray(8))).toBe(true);
    const frame = Buffer.alloc(headerLength + 48);
    frame.writeUIntBE(a.gatewayMac, 0, 6);
    frame.writeUIntBE(a.mac, 6, 6);
    frame.writeUInt16BE(0x86dd, 12);
    const header = { source: a.address, destination: ip6('2001:db8::9'), protocol: 17, length: 8, hops: 1 };
    writeIpv6Header(frame, 14, header);
    a.send(frame);
    a.sendPacket(gatewayAddress, 99, Buffer.from('what is that?'));
    expect(a.messages.slice(-2)).toEqual(['3/0', '4/1']);
  });

  it('carries TCP to what the host offers, whole, both ways', async () => {
    const hostPort = await tcpServer((socket) => {
      let received = 0;
      socket.on('data', (data) => (received += data.length));
      socket.on('end', () => socket.end(Buffer.alloc(2_000_000, received & 255)));
    });
    gateway.configure({ ...network, offers: [{ protocol: 'tcp', port: 80, hostPort }] });
    a.join();
    const stream = a.connect(gatewayAddress, 80);
    stream.connection?.write(Buffer.alloc(1_000_007, 1));
    stream.connection?.end();
    await until(() => stream.end);
    expect([stream.end, stream.length]).toEqual(['closed', 2_000_000]);
    const refused = a.connect(gatewayAddress, 81);
    expect(await until(() => refused.end)).toBe('refused');
  });

  it('carries datagrams, also in fragments, and tells of closed ports and closed addresses', async () => {
    const hostPort = await echoServer('udp4', '127.0.0.1');
    gateway.configure({ ...network, offers: [{ protocol: 'udp', port: 7, hostPort }] });
    a.join();
    expect((await a.ask(gatewayAddress, 7, Buffer.alloc(20_000, 5))).data.length).toBe(20_000);
    const before = a.messages.length;
    a.sendUdp(6000, gatewayAddress, 9999, Buffer.from('x'));
    for (const closed of ['::1', '::ffff:127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::1', 'fe80::1234']) {
      a.sendUdp(6000, ip6(closed), hostPort, Buffer.from('x'));
    }
    expect(a.messages.slice(before)).toEqual(['1/4', ...Array<string>(5).fill('1/1')]);
  });

  it('takes no fragment out of a packet that was put together for a whole one', () => {
    a.join();
    const inner = Buffer.alloc(8 + 3000);
    // It says that something comes before it, and something behind it.
    inner[0] = protocols.udp;
    inner.writeUInt16BE(8 | 1, 2);
    const datagram = inner.subarray(8);
    datagram.writeUInt16BE(6000, 0);
    datagram.writeUInt16BE(9999, 2);
    datagram.writeUInt16BE(datagram.length, 4);
    const pseudo = pseudoHeaderSum(a.address, gatewayAddress, protocols.udp, datagram.length);
    datagram.writeUInt16BE(checksum(datagram, 0, datagram.length, pseudo), 6);
    const before = a.messages.length;
    a.sendPacket(gatewayAddress, fragmentHeader, inner);
    expect(a.messages.slice(before)).toEqual([]);
    a.sendPacket(gatewayAddress, protocols.udp, datagram);
    expect(a.messages.slice(before)).toEqual(['1/4']);
  });

  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(
      ({ internal, family, address }) => !internal && family === 'IPv6' && !address.startsWith('fe80'),
    )?.address;

  it.skipIf(own === undefined)('reaches an address of the host, unless a person has closed it', async () => {
    const address = ip6(own ?? '');
    const tcpPort = await tcpServer((socket) => socket.end('hello'), own);
    const udpPort = await echoServer('udp6', own ?? '');
    a.join();
    const stream = a.connect(address, tcpPort);
    await until(() => (stream.peerEnded ? true : undefined));
    expect(stream.bytes.toString()).toBe('hello');
    expect((await a.ask(address, udpPort, Buffer.from('ping'))).data.toString()).toBe('ping');
    const kept = a.connect(address, tcpPort);
    await until(() => (kept.isOpen ? true : undefined));
    gateway.configure({ ...network, firewall: { ...network.firewall, noHost: true } });
    gateway.settle();
    // What was open is ended, and nothing new begins.
    expect(await until(() => kept.end)).toBe('reset');
    const closed = a.connect(address, tcpPort);
    a.sendUdp(7000, address, udpPort, Buffer.from('ping'));
    await until(() => (a.messages.filter((message) => message === '1/1').length >= 2 ? true : undefined));
    expect(closed.isOpen).toBe(false);
  });

  it('knows machines by name and by address', async () => {
    a.join();
    const b = new TestGuest('b', 0x525400000002, bridge);
    b.lease();
    a.solicit(gatewayAddress);
    const ask = async (name: string, type: number): Promise<string> => {
      const { data } = await a.ask(gatewayAddress, 53, dnsQuestion(name, type));
      return `${data[3]! & 15} ${data.readUInt16BE(6)} ${data.toString('hex', data.length - 16)}`;
    };
    const bytes = Buffer.from(a.address, 'latin1').toString('hex');
    expect(await ask('alpha', 28)).toBe(`0 1 ${bytes}`);
    expect(await ask('alpha', 1)).toMatch(/^0 0 /);
    expect(await ask('gateway', 28)).toBe(`0 1 ${Buffer.from(gatewayAddress, 'latin1').toString('hex')}`);
    expect(await ask('beta', 28)).toMatch(/^0 0 /);
    const nibbles = `${[...bytes].reverse().join('.')}.ip6.arpa`;
    const { data } = await a.ask(gatewayAddress, 53, dnsQuestion(nibbles, 12));
    expect(data.toString('latin1')).toContain('\x05alpha\x02vm\x08internal\x00');
    const names = [
      { name: 'nas', address: 'fd00:86::99' },
      { name: 'www.example.org', address: '192.0.2.1' },
    ];
    gateway.configure({ ...network, names });
    expect(await ask('nas.vm.internal', 28)).toBe('0 1 fd000086000000000000000000000099');
    expect(await ask('www.example.org', 1)).toMatch(/^0 1 .*c0000201$/);
  });

  it('does not lend an address to a second guest, nor lets one take all', () => {
    a.join();
    a.solicit(gatewayAddress);
    const thief = new TestGuest6('t', 0x525400000003, bridge);
    thief.join();
    expect(thief.solicit(gatewayAddress)).toHaveLength(1);
    expect(thief.solicit(gatewayAddress, a.address)).toEqual([]);
    for (let index = 0; index < 1000; index++) {
      thief.solicit(gatewayAddress, ip6(`fd00:86::${(index + 0x1000).toString(16)}`));
    }
    const side = Reflect.get(gateway, 'ipv6') as { bindings: { of(mac: number): string[] } };
    expect(side.bindings.of(thief.mac)).toHaveLength(maxPerStation);
    expect(a.solicit(gatewayAddress)).toHaveLength(1);
  });

  it('survives 100,000 mutated frames and a flood of fragments, and goes on working', async () => {
    const hostPort = await echoServer('udp4', '127.0.0.1');
    // Without a way out: mutated addresses must not be sent to.
    gateway.configure({
      ...network,
      kind: 'host-only',
      offers: [{ protocol: 'udp', port: 7, hostPort }],
    });
    const seeds: Buffer[] = [];
    const spy = bridge.receive.bind(bridge);
    bridge.receive = (from, chunk, position) => {
      if (from === a && seeds.length < 40) seeds.push(...framesIn([chunk]));
      return spy(from, chunk, position);
    };
    a.join();
    a.solicit(gatewayAddress);
    await a.ask(gatewayAddress, 53, dnsQuestion('gateway', 28));
    await a.ask(gatewayAddress, 7, Buffer.alloc(3000, 1));
    a.connect(gatewayAddress, 53);
    bridge.receive = spy;
    expect(seeds.length).toBeGreaterThan(5);
    let state = 4711;
    const random = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) % limit;
    };
    const memory = process.memoryUsage().rss;
    for (let round = 0; round < 100_000; round++) {
      const frame = Buffer.from(seeds[random(seeds.length)]!);
      for (let count = 1 + random(4); count > 0; count--) frame[random(frame.length)] = random(256);
      // Addresses that are believed, so that most of them get further in.
      if (round % 4 !== 0) frame.set(seeds[0]!.subarray(6, 12), 6);
      if (round % 8 === 1 && frame.length > 54) frame[20] = [0, 43, 44, 60, 6, 17, 58][random(7)]!;
      const end = 14 + random(frame.length - 13);
      a.send(random(8) === 0 ? frame.subarray(0, end) : frame);
      a.packets.length = a.datagrams.length = 0;
      if (round % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (let index = 0; index < 2000; index++) {
      const piece = Buffer.alloc(8 + 64);
      piece[0] = 17;
      piece.writeUInt16BE(1, 2);
      piece.writeUInt32BE(index, 4);
      a.sendPacket(gatewayAddress, 44, piece);
    }
    const side = Reflect.get(gateway, 'ipv6') as { reassembly: { size: number } };
    expect(side.reassembly.size).toBeLessThanOrEqual(maxPacketsPerCard);
    expect(process.memoryUsage().rss - memory).toBeLessThan(300 * 1024 * 1024);
    const b = new TestGuest6('b', 0x525400000002, bridge);
    b.join();
    expect((await b.ask(gatewayAddress, 7, Buffer.from('fine'))).data.toString()).toBe('fine');
  }, 60_000);
});
