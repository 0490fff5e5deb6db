import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseIpv4 } from '@shared/network/address';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import { systemClock } from '../clock';
import { messageTypes, optionCodes } from '../dhcp/message';
import { maxLeasesPerPort } from '../dhcp/leases';
import { checksum } from '../ethernet/checksum';
import { headerLength } from '../ethernet/frame';
import { protocols } from '../ip/ip';
import { maxPacketsPerSource } from '../ip/reassembly';
import { writeIpv4Header } from '../ipv4/packet';
import { LearningSwitch } from '../ports/learning-switch';
import { framesIn } from '../testing/frames';
import { dnsQuestion, TestGuest } from '../testing/guest';
import { maxWaitingPerGuest } from '../tcp/stack';
import { Gateway } from './gateway';
import { GatewayPort } from './gateway-port';
import { Machines } from './machines';

const ip = (text: string): number => parseIpv4(text) ?? 0;
const gatewayAddress = ip('10.86.0.1');
const outside = ip('203.0.113.9');
const machineA = 'aaaaaaaaaaaaaaaa';

describe('the gateway', () => {
  let bridge: LearningSwitch;
  let gateway: Gateway;
  let machines: Machines;
  let a: TestGuest;
  let closing: (() => Promise<unknown> | void)[];

  /** Listens on the host's loopback; resolves to the port. */
  const tcpServer = async (onConnection: Parameters<typeof createServer>[1]): Promise<number> => {
    const server: Server = createServer({ allowHalfOpen: true }, onConnection);
    // What the gateway resets when a test ends.
    server.on('connection', (socket) => socket.on('error', () => socket.destroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => server.close(resolve)));
    return (server.address() as { port: number }).port;
  };
  const udpServer = async (answer: (data: Buffer) => Buffer | undefined): Promise<number> => {
    const socket: UdpSocket = createSocket('udp4');
    socket.on('message', (data, { port, address }) => {
      const reply = answer(data);
      if (reply) socket.send(reply, port, address);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    closing.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    return socket.address().port;
  };
  const offer = (protocol: 'tcp' | 'udp', port: number, hostPort: number): void =>
    gateway.configure({ ...defaultNetwork(), offers: [{ protocol, port, hostPort }] });

  const start = (changes: Partial<NetworkConfig> = {}, dnsPort = 9): void => {
    bridge = new LearningSwitch(systemClock);
    const port = new GatewayPort(0x025600000001, bridge, systemClock);
    machines = new Machines();
    gateway = new Gateway({
      link: port.link,
      clock: systemClock,
      wallClock: Date.now,
      machines,
      config: { ...defaultNetwork(), ...changes },
      leasesChanged: () => {},
      resolvers: () => [{ address: '127.0.0.1', port: dnsPort }],
    });
    port.gateway = gateway;
    a = new TestGuest('a', 0x525400000001, bridge);
    machines.plug({ port: 'a', machine: machineA, name: 'Büro PC', mac: a.mac });
  };
  /** A guest with an address, which knows the gateway. */
  const join = async (guest: TestGuest): Promise<TestGuest> => {
    guest.lease();
    guest.gatewayMac = await guest.arp(gatewayAddress);
    return guest;
  };

  beforeEach(() => {
    closing = [];
    start();
  });
  afterEach(async () => {
    await gateway.close();
    bridge.close();
    await Promise.all(closing.map((close) => close()));
  });

  it('gives out addresses with all that a guest needs, the same one again, and refuses a wrong one', () => {
    const first = a.lease();
    expect(first).toBe(ip('10.86.0.100'));
    expect(a.lease()).toBe(first);
    const ack = a.dhcp(messageTypes.request, [[optionCodes.requestedAddress, Buffer.from([10, 86, 0, 100])]]);
    const text = ack?.toString('latin1') ?? '';
    expect(text).toContain('\x1a\x02\x05\xdc'); // MTU 1500
    expect(text).toContain('\x03\x04\x0a\x56\x00\x01'); // router
    expect(text).toContain('\x06\x04\x0a\x56\x00\x01'); // DNS
    expect(text).toContain('\x0f\x0bvm.internal');
    const nak = a.dhcp(messageTypes.request, [[optionCodes.requestedAddress, Buffer.from([10, 0, 0, 7])]]);
    expect(nak?.toString('latin1')).toContain('\x35\x01\x06');
    const b = new TestGuest('b', 0x525400000002, bridge);
    expect(b.lease()).toBe(ip('10.86.0.101'));
  });

  it('keeps reserved addresses for whom they are for', () => {
    gateway.configure({
      ...defaultNetwork(),
      reservations: [{ mac: '52:54:00:00:00:02', address: '10.86.0.20' }],
    });
    expect(new TestGuest('b', 0x525400000002, bridge).lease()).toBe(ip('10.86.0.20'));
  });

  it('does not let one port take all addresses, nor ask in the name of others', () => {
    let taken = 0;
    for (let index = 0; index < 500; index++) {
      // Behind one port: the switch says who asks, not the guest.
      const guest = new TestGuest('a', 0x525400001000 + index, bridge);
      if (guest.dhcp(messageTypes.discover)) taken++;
      bridge.remove(guest);
    }
    expect(taken).toBe(maxLeasesPerPort);
    expect(a.dhcp(messageTypes.discover, [], 0x525400009999)).toBeUndefined();
    expect(new TestGuest('b', 0x525400000002, bridge).lease()).toBeGreaterThan(0);
  });

  it('answers pings, also of more than one packet, and names itself to traceroute', async () => {
    await join(a);
    const ping = Buffer.alloc(4008, 7);
    ping.writeUInt32BE(0x08000000, 0);
    ping.writeUInt16BE(checksum(ping, 0, ping.length), 2);
    a.sendPacket(gatewayAddress, protocols.icmp, ping);
    const reply = a.packets.find(({ protocol }) => protocol === protocols.icmp);
    expect(reply?.bytes.subarray(reply.payload + 8, reply.end).equals(ping.subarray(8))).toBe(true);
    a.packets.length = 0;
    const frame = Buffer.alloc(headerLength + 28);
    frame.writeUIntBE(a.gatewayMac, 0, 6);
    frame.writeUIntBE(a.mac, 6, 6);
    frame.writeUInt16BE(0x0800, 12);
    writeIpv4Header(frame, 14, {
      source: a.address,
      destination: outside,
      protocol: 17,
      length: 8,
      identification: 1,
      fragment: 0,
    });
    frame[22] = 1;
    frame.writeUInt16BE(0, 24);
    frame.writeUInt16BE(checksum(frame, 14, 34), 24);
    a.send(frame);
    expect(a.complaints).toEqual(['11/0']);
  });

  it('knows machines by name and by address, itself, and nobody else', async () => {
    await join(a);
    const ask = async (name: string, type = 1): Promise<string> => {
      const { data } = await a.ask(gatewayAddress, 53, dnsQuestion(name, type));
      return `${data[3]! & 15} ${data.readUInt16BE(6)} ${data.toString('hex', data.length - 4)}`;
    };
    const own = a.address.toString(16).padStart(8, '0');
    expect(await ask('buro-pc')).toBe(`0 1 ${own}`);
    expect(await ask('BURO-PC.vm.internal')).toBe(`0 1 ${own}`);
    expect(await ask('gateway.vm.internal')).toBe('0 1 0a560001');
    expect(await ask('host')).toBe('0 1 0a560001');
    expect(await ask('buro-pc', 28)).toMatch(/^0 0 /);
    expect(await ask('nobody')).toMatch(/^3 0 /);
    const { data } = await a.ask(gatewayAddress, 53, dnsQuestion('100.0.86.10.in-addr.arpa', 12));
    expect(data.toString('latin1')).toContain('\x07buro-pc\x02vm\x08internal\x00');
  });

  it('asks the host’s resolver for other names, once while the answer lives', async () => {
    await gateway.close();
    let asked = 0;
    const port = await udpServer((question) => {
      asked++;
      const answer = Buffer.concat([
        question,
        Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 77]),
      ]);
      answer.writeUInt16BE(0x8180, 2);
      answer.writeUInt16BE(1, 6);
      return answer;
    });
    start({}, port);
    await join(a);
    for (const id of [1, 2, 3]) {
      const { data } = await a.ask(gatewayAddress, 53, dnsQuestion('www.example.org', 1, id));
      expect([data.readUInt16BE(0), data.toString('hex', data.length - 4)]).toEqual([id, 'c000024d']);
    }
    expect(asked).toBe(1);
    const overTcp = a.connect(gatewayAddress, 53);
    const question = dnsQuestion('www.example.org', 1);
    overTcp.connection?.write(Buffer.concat([Buffer.of(0, question.length), question]));
    await a.until(() => (overTcp.length > 0 ? true : undefined));
    expect(overTcp.bytes.toString('hex', overTcp.length - 4)).toBe('c000024d');
  });

  it('says that it failed when the host’s resolvers do not answer', async () => {
    await join(a);
    const { data } = await a.ask(gatewayAddress, 53, dnsQuestion('www.example.org', 1));
    expect(data[3]! & 15).toBe(2);
  });

  it('carries TCP to what the host offers, whole, with both halves closed in turn', async () => {
    const port = await tcpServer((socket) => {
      let received = 0;
      socket.on('data', (data) => (received += data.length));
      socket.on('end', () => socket.end(`got ${received}`));
    });
    offer('tcp', 80, port);
    await join(a);
    const stream = a.connect(gatewayAddress, 80);
    stream.connection?.write(Buffer.alloc(3_000_000, 1));
    stream.connection?.end();
    await a.until(() => stream.end);
    expect(stream.bytes.toString()).toBe('got 3000000');
    expect(stream.end).toBe('closed');
  });

  it('carries a large download to the guest', async () => {
    const data = Buffer.alloc(5_000_000);
    for (let index = 0; index < data.length; index++) data[index] = (index * 31 + (index >>> 9)) & 255;
    const port = await tcpServer((socket) => socket.end(data));
    offer('tcp', 80, port);
    await join(a);
    const stream = a.connect(gatewayAddress, 80);
    await a.until(() => (stream.peerEnded ? true : undefined));
    expect(stream.bytes.equals(data)).toBe(true);
  });

  it('passes resets on, both ways', async () => {
    let hostEnd: string | undefined;
    const port = await tcpServer((socket) => {
      socket.on('error', (error) => (hostEnd = (error as { code?: string }).code));
      socket.on('data', (data) => {
        if (data.toString() === 'reset') socket.resetAndDestroy();
      });
    });
    offer('tcp', 80, port);
    await join(a);
    const first = a.connect(gatewayAddress, 80);
    first.connection?.write(Buffer.from('reset'));
    expect(await a.until(() => first.end)).toBe('reset');
    const second = a.connect(gatewayAddress, 80);
    await a.until(() => (second.isOpen ? true : undefined));
    second.connection?.abort();
    expect(await a.until(() => hostEnd)).toBe('ECONNRESET');
  });

  it('refuses what is not offered, what nobody listens on, and every way to the host’s loopback', async () => {
    let reached = 0;
    const port = await tcpServer((socket) => {
      reached++;
      socket.destroy();
    });
    await join(a);
    const closed = a.connect(gatewayAddress, port);
    expect(await a.until(() => closed.end)).toBe('refused');
    for (const address of ['127.0.0.1', '127.1.2.3', '0.0.0.0', '169.254.169.254', '255.255.255.255']) {
      a.packets.length = 0;
      const stream = a.connect(ip(address), port);
      expect(await a.until(() => stream.end)).toBe('refused');
      a.sendUdp(5000, ip(address), port, Buffer.from('x'));
    }
    expect(reached).toBe(0);
    // A port that is offered and on which nobody listens.
    const unused = await tcpServer(() => {});
    await closing.pop()?.();
    offer('tcp', 81, unused);
    const nobody = a.connect(gatewayAddress, 81);
    expect(await a.until(() => nobody.end)).toBe('refused');
    gateway.configure({ ...defaultNetwork(), kind: 'isolated' });
    a.packets.length = 0;
    a.connect(outside, 80);
    await a.until(() => (a.complaints.includes('3/0') ? true : undefined));
  });

  it('carries datagrams of any size to what the host offers, and tells of closed ports', async () => {
    const port = await udpServer((data) => Buffer.concat([data, data]));
    offer('udp', 7, port);
    await join(a);
    const small = await a.ask(gatewayAddress, 7, Buffer.from('ab'));
    expect(small.data.toString()).toBe('abab');
    const large = await a.ask(gatewayAddress, 7, Buffer.alloc(20_000, 5));
    expect(large.data.length).toBe(40_000);
    a.sendUdp(6000, gatewayAddress, 9999, Buffer.from('x'));
    expect(a.complaints).toContain('3/3');
  });

  it('forwards ports of the host to a machine, tells when one is taken, and gives it back', async () => {
    await join(a);
    a.serve = (connection) => {
      setImmediate(() => connection.accept());
      return {
        opened: () => void connection.write(Buffer.from('hello')),
        data: (bytes) => void connection.write(Buffer.from(bytes)),
        ended: () => connection.end(),
        backlog: () => 0,
        drained: () => {},
        closed: () => {},
      };
    };
    const hostPort = await tcpServer(() => {});
    const taken = {
      id: 'x',
      protocol: 'tcp',
      hostAddress: '127.0.0.1',
      hostPort,
      machine: machineA,
      guestPort: 22,
    } as const;
    expect((await gateway.setForwards([taken]))['x']?.code).toBe('network.port-in-use');
    await closing.pop()?.();
    expect(await gateway.setForwards([taken, { ...taken, id: 'y', protocol: 'udp' }])).toEqual({
      x: null,
      y: null,
    });
    const { createConnection } = await import('node:net');
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = createConnection({ port: hostPort, host: '127.0.0.1' });
      socket.on('error', reject);
      socket.on('data', (data) => (text += data.toString()));
      socket.on('end', () => resolve(text));
      socket.end(' world');
    });
    expect(answer).toBe('hello world');

    const client = createSocket('udp4');
    closing.push(() => new Promise<void>((resolve) => client.close(() => resolve())));
    const echoed = new Promise<string>((resolve) =>
      client.once('message', (data) => resolve(data.toString())),
    );
    client.send('ping', hostPort, '127.0.0.1');
    const arrived = await a.until(() => a.datagrams.find(({ destinationPort }) => destinationPort === 22));
    expect([arrived.source, arrived.data.toString()]).toEqual([gatewayAddress, 'ping']);
    a.sendUdp(22, gatewayAddress, arrived.sourcePort, Buffer.from('pong'));
    expect(await echoed).toBe('pong');

    await gateway.setForwards([]);
    const again = createServer();
    await new Promise<void>((resolve, reject) =>
      again.once('error', reject).listen(hostPort, '127.0.0.1', resolve),
    );
    await new Promise((resolve) => again.close(resolve));
  });

  it('forwards a range of ports, each to its own, and lets in only whom the firewall lets', async () => {
    await join(a);
    let first = 20_000 + Math.floor(performance.now() % 20_000);
    const forward = {
      id: 'r',
      protocol: 'udp',
      hostAddress: '127.0.0.1',
      machine: machineA,
      guestPort: 7000,
      count: 3,
    } as const;
    for (let tries = 0; (await gateway.setForwards([{ ...forward, hostPort: first }]))['r']; tries++) {
      if (tries > 20) throw new Error('no three ports are free');
      first += 3;
    }
    const client = createSocket('udp4');
    closing.push(() => new Promise<void>((resolve) => client.close(() => resolve())));
    const arrived = async (port: number): Promise<number> => {
      const before = a.datagrams.length;
      client.send('x', port, '127.0.0.1');
      return (await a.until(() => a.datagrams[before])).destinationPort;
    };
    expect([await arrived(first), await arrived(first + 2)]).toEqual([7000, 7002]);
    const rules = [
      {
        action: 'deny',
        direction: 'in',
        protocol: null,
        address: '127.0.0.0/8',
        ports: { first: 7001, last: 7001 },
      },
    ] as const;
    gateway.configure({ ...defaultNetwork(), firewall: { ...defaultNetwork().firewall, rules: [...rules] } });
    const before = a.datagrams.length;
    client.send('refused', first + 1, '127.0.0.1');
    expect(await arrived(first)).toBe(7000);
    expect(a.datagrams.slice(before).map(({ destinationPort }) => destinationPort)).toEqual([7000]);
    // Of a range that somebody has a port of, that port is told.
    const taken = await udpServer(() => undefined);
    const problems = await gateway.setForwards([{ ...forward, hostPort: taken - 1 }]);
    expect(problems['r']?.message).toContain(`${taken}`);
  });

  it('gives no addresses where a person gives them, and nothing at all on an isolated network', async () => {
    const port = await tcpServer((socket) => socket.end());
    gateway.configure({ ...defaultNetwork(), dhcp: { ...defaultNetwork().dhcp, enabled: false } });
    expect(a.dhcp(messageTypes.discover)).toBeUndefined();
    gateway.configure({
      ...defaultNetwork(),
      kind: 'isolated',
      offers: [{ protocol: 'tcp', port: 80, hostPort: port }],
    });
    await join(a);
    const closed = a.connect(gatewayAddress, 80);
    expect(await a.until(() => closed.end)).toBe('refused');
  });

  it('survives floods of SYNs and of fragments with its memory bounded, and serves others meanwhile', async () => {
    const port = await tcpServer((socket) => socket.end('still here'));
    offer('tcp', 80, port);
    await join(a);
    const b = await join(new TestGuest('b', 0x525400000002, bridge));
    for (let index = 0; index < 3000; index++) a.connect(gatewayAddress, 80);
    a.flush();
    expect(gateway.counts.connections).toBeLessThanOrEqual(maxWaitingPerGuest);
    const fragments = Reflect.get(Reflect.get(gateway, 'ipv4') as object, 'reassembly') as { size: number };
    for (let index = 0; index < 2000; index++) {
      const frame = Buffer.alloc(headerLength + 20 + 64);
      frame.writeUIntBE(a.gatewayMac, 0, 6);
      frame.writeUIntBE(a.mac, 6, 6);
      frame.writeUInt16BE(0x0800, 12);
      writeIpv4Header(frame, 14, {
        source: a.address,
        destination: outside,
        protocol: 17,
        length: 64,
        identification: index,
        fragment: 0x2000,
      });
      a.send(frame);
    }
    expect(fragments.size).toBe(maxPacketsPerSource);
    const stream = b.connect(gatewayAddress, 80);
    await b.until(() => (stream.peerEnded ? true : undefined));
    expect(stream.bytes.toString()).toBe('still here');
  });

  it('does not believe a guest that speaks with the address of another', async () => {
    await join(a);
    const thief = new TestGuest('t', 0x525400000003, bridge);
    thief.address = a.address;
    await thief.arp(gatewayAddress);
    thief.gatewayMac = a.gatewayMac;
    const before = thief.packets.length;
    thief.sendUdp(5000, gatewayAddress, 9999, Buffer.from('x'));
    expect(thief.packets.length).toBe(before);
    expect(await a.ask(gatewayAddress, 53, dnsQuestion('host', 1))).toBeDefined();
  });

  it('survives 100,000 mutated frames, and goes on working', async () => {
    const port = await udpServer((data) => data);
    // Without a way out: mutated addresses must not be sent to.
    gateway.configure({
      ...defaultNetwork(),
      kind: 'host-only',
      offers: [{ protocol: 'udp', port: 7, hostPort: port }],
    });
    await join(a);
    const seeds: Buffer[] = [];
    const spy = bridge.receive.bind(bridge);
    bridge.receive = (from, chunk, position) => {
      if (from === a && seeds.length < 40) seeds.push(...framesIn([chunk]));
      return spy(from, chunk, position);
    };
    a.dhcp(messageTypes.request, [[optionCodes.requestedAddress, Buffer.from([10, 86, 0, 100])]]);
    await a.ask(gatewayAddress, 53, dnsQuestion('gateway', 1));
    await a.ask(gatewayAddress, 7, Buffer.alloc(3000, 1));
    a.connect(gatewayAddress, 53);
    await a.arp(gatewayAddress);
    a.flush();
    bridge.receive = spy;
    expect(seeds.length).toBeGreaterThan(5);
    let state = 12345;
    const random = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) % limit;
    };
    const memory = process.memoryUsage().rss;
    for (let round = 0; round < 100_000; round++) {
      const frame = Buffer.from(seeds[random(seeds.length)]!.subarray(0));
      for (let count = 1 + random(4); count > 0; count--) frame[random(frame.length)] = random(256);
      // Half of them with headers whose checksums are right, so that they get further in.
      if (round % 2 === 0 && frame.length >= 34 && frame.readUInt16BE(12) === 0x0800) {
        frame[14] = 0x45;
        frame.writeUInt16BE(0, 24);
        frame.writeUInt16BE(checksum(frame, 14, 34), 24);
      }
      const end = 14 + random(frame.length - 13);
      a.send(random(8) === 0 ? frame.subarray(0, end) : frame);
      a.frames.length = a.packets.length = a.datagrams.length = 0;
      if (round % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(process.memoryUsage().rss - memory).toBeLessThan(300 * 1024 * 1024);
    const b = await join(new TestGuest('b', 0x525400000002, bridge));
    expect((await b.ask(gatewayAddress, 7, Buffer.from('fine'))).data.toString()).toBe('fine');
  }, 60_000);
});
