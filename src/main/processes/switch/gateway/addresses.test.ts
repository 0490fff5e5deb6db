import { describe, expect, it } from 'vitest';
import { defaultNetwork } from '@shared/network/config';
import { messageTypes, optionCodes } from '../dhcp/message';
import { checksum } from '../ethernet/checksum';
import { headerLength } from '../ethernet/frame';
import { protocols } from '../ip/ip';
import { writeIpv4Header } from '../ipv4/packet';
import { eachWorld } from '../testing/each-world';
import { gatewayAddress, ip, outside, GatewayWorld } from '../testing/gateway-world';
import { dnsQuestion } from '../testing/guest';

describe('what the gateway tells guests', () => {
  let world: GatewayWorld;
  eachWorld(
    (made) => (world = made),
    () => world,
  );

  it('gives out addresses with all that a guest needs, the same one again, and refuses a wrong one', () => {
    const { a } = world;
    const first = a.lease();
    expect(first).toBe(ip('10.86.0.100'));
    expect(a.lease()).toBe(first);
    const ack = a.dhcp(messageTypes.request, [[optionCodes.requestedAddress, Buffer.from([10, 86, 0, 100])]]);
    const text = ack?.toString('latin1') ?? '';
    expect(text).toContain('\x1a\x02\x05\xdc'); // MTU 1500
    expect(text).toContain('\x03\x04\x0a\x56\x00\x01'); // router
    expect(text).toContain('\x06\x04\x0a\x56\x00\x01'); // DNS
    expect(text).toContain('\x0f\x0bvm.internal');
    // Where short names are looked for: in the network, and where this computer looks.
    expect(text).toContain('\x77\x1b\x02vm\x08internal\x00\x04corp\x07example\x00');
    const nak = a.dhcp(messageTypes.request, [[optionCodes.requestedAddress, Buffer.from([10, 0, 0, 7])]]);
    expect(nak?.toString('latin1')).toContain('\x35\x01\x06');
    const b = world.guest('b', 0x525400000002);
    expect(b.lease()).toBe(ip('10.86.0.101'));
  });

  it('tells the ways to other networks, and then the way out among them', () => {
    world.configure({
      routes: [
        { to: '172.20.0.0/14', via: '10.86.0.7' },
        { to: '192.0.2.9/32', via: '10.86.0.8' },
      ],
    });
    const told = world.a.dhcp(messageTypes.discover)?.toString('hex');
    // RFC 3442: length of the prefix, its bytes that say something, and who leads there.
    const routes = '0eac140a560007' + '20c00002090a560008' + '000a560001';
    expect(told).toContain(`79${(routes.length / 2).toString(16).padStart(2, '0')}${routes}`);
  });

  it('tells no larger packets than every card on the network takes, and sends each what it takes', async () => {
    await world.close();
    world = new GatewayWorld({ mtu: 9000 });
    const { a, machines } = world;
    const mtuTold = (): number => {
      const text = a.dhcp(messageTypes.discover)?.toString('latin1') ?? '';
      return Buffer.from(text, 'latin1').readUInt16BE(text.indexOf('\x1a\x02') + 2);
    };
    expect(mtuTold()).toBe(9000);
    const small = world.guest('b', 0x525400000002);
    machines.plug({ port: 'b', machine: 'bbbbbbbbbbbbbbbb', name: 'Small', mac: small.mac, mtu: 1500 });
    expect(mtuTold()).toBe(1500);
    const port = await world.udpServer((data) => data);
    world.configure({ mtu: 9000, offers: [{ protocol: 'udp', port: 7, hostPort: port }] });
    for (const [guest, longest] of [
      [a, 5000],
      [small, 1514],
    ] as const) {
      await world.join(guest);
      guest.frames.length = 0;
      expect((await guest.ask(gatewayAddress, 7, Buffer.alloc(5000, 3))).data).toHaveLength(5000);
      const lengths = guest.frames.map(({ length }) => length);
      expect(Math.max(...lengths)).toBeGreaterThanOrEqual(longest);
      if (guest === small) expect(Math.max(...lengths)).toBeLessThanOrEqual(1514);
    }
    machines.unplug('b');
    expect(mtuTold()).toBe(9000);
  });

  it('keeps reserved addresses for whom they are for', () => {
    world.configure({ reservations: [{ mac: '52:54:00:00:00:02', address: '10.86.0.20' }] });
    expect(world.guest('b', 0x525400000002).lease()).toBe(ip('10.86.0.20'));
  });

  it('answers pings, also of more than one packet, and names itself to traceroute', async () => {
    const { a } = world;
    await world.join();
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
    const { a } = world;
    await world.join();
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
    const { a } = world;
    let asked = 0;
    world.resolverPort = await world.udpServer((question) => {
      asked++;
      const answer = Buffer.concat([
        question,
        Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 77]),
      ]);
      answer.writeUInt16BE(0x8180, 2);
      answer.writeUInt16BE(1, 6);
      return answer;
    });
    await world.join();
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

  it('keeps apart names that only look alike: nobody may talk the others out of one', async () => {
    const { a } = world;
    const address = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 77]);
    const authority = Buffer.concat([
      Buffer.from([0xc0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 22]),
      Buffer.alloc(22, 1),
    ]);
    authority.fill(0, 12, 14);
    world.resolverPort = await world.udpServer((question) => {
      // The name is one label with dots in it, or three labels.
      const isOne = question[12] === 'www.example.org'.length;
      const answer = Buffer.concat([question, isOne ? authority : address]);
      answer.writeUInt16BE(isOne ? 0x8183 : 0x8180, 2);
      answer.writeUInt16BE(1, isOne ? 8 : 6);
      return answer;
    });
    await world.join();
    const real = dnsQuestion('www.example.org', 1);
    const lookalike = Buffer.from(real);
    lookalike[12] = 'www.example.org'.length;
    lookalike[16] = lookalike[24] = '.'.charCodeAt(0);
    const codes: number[] = [];
    for (const question of [lookalike, real, lookalike]) {
      codes.push((await a.ask(gatewayAddress, 53, question)).data[3]! & 15);
    }
    expect(codes).toEqual([3, 0, 3]);
  });

  it('answers over TCP also who has ended its half already, and then ends the other', async () => {
    const { a } = world;
    await world.join();
    const overTcp = a.connect(gatewayAddress, 53);
    const question = dnsQuestion('gateway', 1);
    const framed = Buffer.concat([Buffer.of(0, question.length), question]);
    overTcp.connection?.write(Buffer.concat([framed, framed]));
    overTcp.connection?.end();
    await a.until(() => (overTcp.peerEnded ? true : undefined));
    expect(overTcp.length).toBe(2 * (framed.length + 16));
    const idle = a.connect(gatewayAddress, 53);
    idle.connection?.end();
    await a.until(() => (idle.peerEnded ? true : undefined));
  });

  it('says that it failed when the host’s resolvers do not answer', async () => {
    const { a } = world;
    await world.join();
    const { data } = await a.ask(gatewayAddress, 53, dnsQuestion('www.example.org', 1));
    expect(data[3]! & 15).toBe(2);
  });

  it('gives no addresses where a person gives them, and nothing at all on an isolated network', async () => {
    const { a } = world;
    const port = await world.tcpServer((socket) => socket.end());
    world.configure({ dhcp: { ...defaultNetwork().dhcp, enabled: false } });
    expect(a.dhcp(messageTypes.discover)).toBeUndefined();
    world.configure({ kind: 'isolated', offers: [{ protocol: 'tcp', port: 80, hostPort: port }] });
    await world.join();
    const closed = a.connect(gatewayAddress, 80);
    expect(await a.until(() => closed.end)).toBe('refused');
  });
});
