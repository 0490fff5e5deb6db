import { describe, expect, it } from 'vitest';
import { defaultNetwork } from '@shared/network/config';
import { checksum } from '../ethernet/checksum';
import { maxPerCard } from '../icmp/echo-relay';
import { protocols } from '../ip/ip';
import { eachWorld } from '../testing/each-world';
import { gatewayAddress, ip, outside, type GatewayWorld } from '../testing/gateway-world';

describe('what the gateway carries', () => {
  let world: GatewayWorld;
  eachWorld(
    (made) => (world = made),
    () => world,
  );

  it('carries TCP to what the host offers, whole, with both halves closed in turn', async () => {
    const { a } = world;
    const port = await world.tcpServer((socket) => {
      let received = 0;
      socket.on('data', (data) => (received += data.length));
      socket.on('end', () => socket.end(`got ${received}`));
    });
    world.offer('tcp', 80, port);
    await world.join();
    const stream = a.connect(gatewayAddress, 80);
    stream.connection?.write(Buffer.alloc(3_000_000, 1));
    stream.connection?.end();
    await a.until(() => stream.end);
    expect(stream.bytes.toString()).toBe('got 3000000');
    expect(stream.end).toBe('closed');
  });

  it('carries a large download to the guest', async () => {
    const { a } = world;
    const data = Buffer.alloc(5_000_000);
    for (let index = 0; index < data.length; index++) data[index] = (index * 31 + (index >>> 9)) & 255;
    const port = await world.tcpServer((socket) => socket.end(data));
    world.offer('tcp', 80, port);
    await world.join();
    const stream = a.connect(gatewayAddress, 80);
    await a.until(() => (stream.peerEnded ? true : undefined));
    expect(stream.bytes.equals(data)).toBe(true);
  });

  it('passes resets on, both ways', async () => {
    const { a } = world;
    let hostEnd: string | undefined;
    const port = await world.tcpServer((socket) => {
      socket.on('error', (error) => (hostEnd = (error as { code?: string }).code));
      socket.on('data', (data) => {
        if (data.toString() === 'reset') socket.resetAndDestroy();
      });
    });
    world.offer('tcp', 80, port);
    await world.join();
    const first = a.connect(gatewayAddress, 80);
    first.connection?.write(Buffer.from('reset'));
    expect(await a.until(() => first.end)).toBe('reset');
    const second = a.connect(gatewayAddress, 80);
    await a.until(() => (second.isOpen ? true : undefined));
    second.connection?.abort();
    expect(await a.until(() => hostEnd)).toBe('ECONNRESET');
  });

  it('refuses what is not offered, what nobody listens on, and every way to the host’s loopback', async () => {
    const { a } = world;
    let reached = 0;
    const port = await world.tcpServer((socket) => {
      reached++;
      socket.destroy();
    });
    await world.join();
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
    const unused = await world.tcpServer(() => {});
    await world.closeLast();
    world.offer('tcp', 81, unused);
    const nobody = a.connect(gatewayAddress, 81);
    expect(await a.until(() => nobody.end)).toBe('refused');
    world.configure({ kind: 'isolated' });
    a.packets.length = 0;
    a.connect(outside, 80);
    await a.until(() => (a.complaints.includes('3/0') ? true : undefined));
  });

  it('passes pings on as far as this computer gets, and no further than they may go', async () => {
    const { a } = world;
    const asked: string[] = [];
    world.ping = (address) => {
      asked.push(address);
      return Promise.resolve(address === '203.0.113.9' ? 'answered' : 'impossible');
    };
    await world.join();
    const echo = Buffer.from([8, 0, 0, 0, 1, 2, 0, 7, ...Buffer.from('payload')]);
    echo.writeUInt16BE(checksum(echo, 0, echo.length), 2);
    const ping = (address: number): void => a.sendPacket(address, protocols.icmp, echo);
    ping(outside);
    const reply = await a.until(() => a.packets.find(({ source }) => source === outside));
    expect(reply.bytes.toString('hex', reply.payload + 4, reply.end)).toBe(echo.toString('hex', 4));
    expect(a.complaints).toEqual(['0/0']);
    ping(ip('203.0.113.10'));
    await a.until(() => (a.complaints.includes('3/13') ? true : undefined));
    for (const closed of ['127.0.0.1', '169.254.169.254', '10.86.0.77', '0.0.0.0']) ping(ip(closed));
    world.configure({ firewall: { ...defaultNetwork().firewall, noLan: true } });
    ping(ip('192.168.77.7'));
    expect(asked).toEqual(['203.0.113.9', '203.0.113.10']);
    // Of many at once only some are passed on: each is a program of the system.
    let begun = 0;
    world.ping = () => {
      begun++;
      return new Promise(() => {});
    };
    for (let index = 0; index < 100; index++) ping(outside);
    expect(begun).toBe(maxPerCard);
  });

  it('carries datagrams of any size to what the host offers, and tells of closed ports', async () => {
    const { a } = world;
    const port = await world.udpServer((data) => Buffer.concat([data, data]));
    world.offer('udp', 7, port);
    await world.join();
    const small = await a.ask(gatewayAddress, 7, Buffer.from('ab'));
    expect(small.data.toString()).toBe('abab');
    const large = await a.ask(gatewayAddress, 7, Buffer.alloc(20_000, 5));
    expect(large.data.length).toBe(40_000);
    a.sendUdp(6000, gatewayAddress, 9999, Buffer.from('x'));
    expect(a.complaints).toContain('3/3');
  });
});
