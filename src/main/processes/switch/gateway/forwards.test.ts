import { createConnection, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { defaultNetwork } from '@shared/network/config';
import { eachWorld } from '../testing/each-world';
import { gatewayAddress, machineA, type GatewayWorld } from '../testing/gateway-world';

describe('forwards to guests', () => {
  let world: GatewayWorld;
  eachWorld(
    (made) => (world = made),
    () => world,
  );

  it('forwards ports of the host to a machine, tells when one is taken, and gives it back', async () => {
    const { a, gateway } = world;
    await world.join();
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
    const hostPort = await world.tcpServer(() => {});
    const taken = {
      id: 'x',
      protocol: 'tcp',
      hostAddress: '127.0.0.1',
      hostPort,
      machine: machineA,
      guestPort: 22,
    } as const;
    expect((await gateway.setForwards([taken]))['x']?.code).toBe('network.port-in-use');
    await world.closeLast();
    expect(await gateway.setForwards([taken, { ...taken, id: 'y', protocol: 'udp' }])).toEqual({
      x: null,
      y: null,
    });
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = createConnection({ port: hostPort, host: '127.0.0.1' });
      socket.on('error', reject);
      socket.on('data', (data) => (text += data.toString()));
      socket.on('end', () => resolve(text));
      socket.end(' world');
    });
    expect(answer).toBe('hello world');

    const client = world.udpClient();
    const echoed = new Promise<string>((resolve) =>
      client.once('message', (data) => resolve(data.toString())),
    );
    client.send('ping', hostPort, '127.0.0.1');
    const arrived = await a.until(() => a.datagrams.find(({ destinationPort }) => destinationPort === 22));
    expect([arrived.source, arrived.data.toString()]).toEqual([gatewayAddress, 'ping']);
    // Nobody answers for another machine.
    const other = await world.join(world.guest('b', 0x525400000002));
    other.sendUdp(22, gatewayAddress, arrived.sourcePort, Buffer.from('forged'));
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
    const { a, gateway } = world;
    await world.join();
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
    const client = world.udpClient();
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
    world.configure({ firewall: { ...defaultNetwork().firewall, rules: [...rules] } });
    const before = a.datagrams.length;
    client.send('refused', first + 1, '127.0.0.1');
    expect(await arrived(first)).toBe(7000);
    expect(a.datagrams.slice(before).map(({ destinationPort }) => destinationPort)).toEqual([7000]);
    // Of a range that somebody has a port of, that port is told.
    const taken = await world.udpServer(() => undefined);
    const problems = await gateway.setForwards([{ ...forward, hostPort: taken - 1 }]);
    expect(problems['r']?.message).toContain(`${taken}`);
  });
});
