import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultNetwork } from '@shared/network/config';
import { messageTypes } from './dhcp/message';
import type { LearningSwitch } from './ports/learning-switch';
import { gatewayAddress } from './testing/gateway-world';
import { TestGuest } from './testing/guest';
import { VirtualSwitch } from './virtual-switch';

describe('a virtual network', () => {
  let folder: string;
  let told: number;
  let states: string[];
  const networks: VirtualSwitch[] = [];
  const leasesPath = (): string => join(folder, 'leases.json');

  const start = (): VirtualSwitch => {
    const network = new VirtualSwitch({
      events: {
        link: (port, state) => void states.push(`${port} ${state}`),
        leases: () => void told++,
        log: () => {},
      },
      resolvers: () => [],
      searchDomains: () => [],
    });
    networks.push(network);
    return network;
  };
  const guestOf = (network: VirtualSwitch, id = 'a'): TestGuest =>
    new TestGuest(id, 0x525400000001, Reflect.get(network, 'bridge') as LearningSwitch);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vivarium-network-'));
    told = 0;
    states = [];
  });
  afterEach(async () => {
    await Promise.all(networks.splice(0).map((network) => network.close()));
    await rm(folder, { recursive: true, force: true });
  });

  it('has a gateway that guests know again after its process was started anew', async () => {
    const macs: number[] = [];
    for (const id of ['nat', 'nat', 'lab']) {
      const network = start();
      await network.configure({ ...defaultNetwork(), id }, leasesPath());
      macs.push(await guestOf(network).arp(gatewayAddress));
    }
    const [first, again, other] = macs;
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('forgets no address that it has just given away when its gateway is made anew', async () => {
    const network = start();
    await network.configure(defaultNetwork(), leasesPath());
    const guest = guestOf(network);
    for (const mtu of [1400, 1300, 1200]) {
      guest.dhcp(messageTypes.discover);
      const address = guest.lease();
      await network.configure({ ...defaultNetwork(), mtu }, leasesPath());
      expect(network.leases().map((lease) => lease.address)).toEqual([
        [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.'),
      ]);
    }
  });

  it('tells of its leases at once, and not with every word of a guest that does not stop asking', async () => {
    const network = start();
    await network.configure(defaultNetwork(), leasesPath());
    const guest = guestOf(network);
    guest.lease();
    expect(told).toBe(1);
    for (let index = 0; index < 1000; index++) guest.lease();
    expect(told).toBe(1);
    await expect.poll(() => told).toBe(2);
  });

  it('leaves the cable of a machine in that only gets another name', async () => {
    const path = join(folder, 'card');
    const server: Server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const network = start();
    await network.configure(defaultNetwork(), leasesPath());
    const card = { port: 'm-nic0', path, machine: 'mmmmmmmmmmmmmmmm', mac: '52:54:00:00:00:09' };
    network.plug({ ...card, name: 'Before' });
    await expect.poll(() => states).toContain('m-nic0 up');
    const before = states.length;
    network.plug({ ...card, name: 'After' });
    expect(states.length).toBe(before);
    network.plug({ ...card, path: join(folder, 'other'), name: 'After' });
    expect(states.slice(before)).toContain('m-nic0 closed');
    network.unplug('m-nic0');
    await new Promise((resolve) => server.close(resolve));
  });
});
