import { describe, expect, it } from 'vitest';
import { messageTypes, optionCodes } from '../dhcp/message';
import { maxLeasesPerPort, maxRememberedPerPort } from '../dhcp/leases';
import { checksum } from '../ethernet/checksum';
import { headerLength } from '../ethernet/frame';
import { maxPacketsPerCard } from '../ip/reassembly';
import { writeIpv4Header } from '../ipv4/packet';
import { maxFlowsPerCard } from '../nat/udp-nat';
import { maxWaitingPerCard } from '../tcp/account';
import { framesIn } from '../testing/frames';
import { eachWorld } from '../testing/each-world';
import { gatewayAddress, type GatewayWorld, ip, outside } from '../testing/gateway-world';
import { dnsQuestion, type TestGuest } from '../testing/guest';

describe('the gateway among hostile guests', () => {
  let world: GatewayWorld;
  eachWorld(
    (made) => (world = made),
    () => world,
  );

  it('does not let one port take all addresses, nor ask in the name of others', () => {
    const { a, bridge } = world;
    let taken = 0;
    for (let index = 0; index < 500; index++) {
      // Behind one port: the switch says who asks, not the guest.
      const guest = world.guest('a', 0x525400001000 + index);
      if (guest.dhcp(messageTypes.discover)) taken++;
      bridge.remove(guest);
    }
    expect(taken).toBe(maxLeasesPerPort);
    expect(a.dhcp(messageTypes.discover, [], 0x525400009999)).toBeUndefined();
    expect(world.guest('b', 0x525400000002).lease()).toBeGreaterThan(0);
  });

  it('does not let one port talk the others out of addresses by declining them, nor remember all it has had', () => {
    const { bridge, gateway } = world;
    const eachOf = (count: number, first: number, act: (guest: TestGuest) => void): void => {
      for (let index = 0; index < count; index++) {
        const guest = world.guest('a', first + index);
        if (guest.dhcp(messageTypes.discover)) act(guest);
        bridge.remove(guest);
      }
    };
    const addressOf = (guest: TestGuest): Buffer => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(guest.lease());
      return bytes;
    };
    eachOf(200, 0x525400001000, (guest) => {
      guest.dhcp(messageTypes.release, [], guest.mac, addressOf(guest));
    });
    expect(gateway.leases.all().length).toBeLessThanOrEqual(maxRememberedPerPort + 1);
    let declined = 0;
    eachOf(400, 0x525400002000, (guest) => {
      guest.dhcp(messageTypes.decline, [[optionCodes.requestedAddress, addressOf(guest)]]);
      declined++;
    });
    expect(declined).toBe(maxLeasesPerPort);
    expect(world.guest('b', 0x525400000002).lease()).toBeGreaterThan(0);
  });

  it('counts by the card, whatever addresses its guest pretends to have', async () => {
    const { a, gateway } = world;
    const [tcp, udp] = [
      await world.tcpServer((socket) => socket.end('here')),
      await world.udpServer((data) => data),
    ];
    world.configure({
      offers: [
        { protocol: 'tcp', port: 80, hostPort: tcp },
        { protocol: 'udp', port: 7, hostPort: udp },
      ],
    });
    await world.join();
    const b = await world.join(world.guest('b', 0x525400000002));
    for (let pretended = 0; pretended < 8; pretended++) {
      a.address = ip('10.86.0.200') + pretended;
      for (let index = 0; index < 100; index++) {
        a.connect(gatewayAddress, 80);
        a.sendUdp(1000 + index, gatewayAddress, 7, Buffer.from('x'));
      }
    }
    a.flush();
    expect(gateway.counts).toEqual({ connections: maxWaitingPerCard, flows: maxFlowsPerCard });
    const stream = b.connect(gatewayAddress, 80);
    await b.until(() => (stream.peerEnded ? true : undefined));
    expect(stream.bytes.toString()).toBe('here');
  });

  it('gives up the host’s socket with the connection that a guest gives up at once', async () => {
    const { a } = world;
    let reached = 0;
    const port = await world.tcpServer((socket) => {
      reached++;
      socket.end('served');
    });
    world.offer('tcp', 80, port);
    await world.join();
    for (let index = 0; index < 500; index++) {
      const { connection } = a.connect(gatewayAddress, 80);
      a.flush();
      connection?.abort();
      a.flush();
    }
    const honest = a.connect(gatewayAddress, 80);
    await a.until(() => (honest.peerEnded ? true : undefined));
    expect(reached).toBe(1);
  });

  it('survives floods of SYNs and of fragments with its memory bounded, and serves others meanwhile', async () => {
    const { a, gateway } = world;
    const port = await world.tcpServer((socket) => socket.end('still here'));
    world.offer('tcp', 80, port);
    await world.join();
    const b = await world.join(world.guest('b', 0x525400000002));
    for (let index = 0; index < 3000; index++) a.connect(gatewayAddress, 80);
    a.flush();
    expect(gateway.counts.connections).toBeLessThanOrEqual(maxWaitingPerCard);
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
    expect(fragments.size).toBe(maxPacketsPerCard);
    const stream = b.connect(gatewayAddress, 80);
    await b.until(() => (stream.peerEnded ? true : undefined));
    expect(stream.bytes.toString()).toBe('still here');
  });

  it('does not believe a guest that speaks with the address of another', async () => {
    const { a } = world;
    await world.join();
    const thief = world.guest('t', 0x525400000003);
    thief.address = a.address;
    await thief.arp(gatewayAddress);
    thief.gatewayMac = a.gatewayMac;
    const before = thief.packets.length;
    thief.sendUdp(5000, gatewayAddress, 9999, Buffer.from('x'));
    expect(thief.packets.length).toBe(before);
    expect(await a.ask(gatewayAddress, 53, dnsQuestion('host', 1))).toBeDefined();
  });

  it('survives 100,000 mutated frames, and goes on working', async () => {
    const { a, bridge } = world;
    const port = await world.udpServer((data) => data);
    // Without a way out: mutated addresses must not be sent to.
    world.configure({ kind: 'host-only', offers: [{ protocol: 'udp', port: 7, hostPort: port }] });
    await world.join();
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
    const b = await world.join(world.guest('b', 0x525400000002));
    expect((await b.ask(gatewayAddress, 7, Buffer.from('fine'))).data.toString()).toBe('fine');
  }, 60_000);
});
