import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultNetwork } from '@shared/network/config';
import { VirtualSwitch } from '../../src/main/processes/switch/virtual-switch';
import { NetworkNamespace } from '../helpers/network-namespace';
import { findProgram, sayWhySkipped } from '../helpers/programs';

const networkd = '/lib/systemd/systemd-networkd';
const dhclient = findProgram('dhclient') ?? '/sbin/dhclient';
const qemu = findProgram('qemu-system-x86_64');
const probe = qemu ? await NetworkNamespace.make() : undefined;
await probe?.close();
if (!probe) sayWhySkipped('DHCP clients of Debian', 'no network namespaces or no QEMU');
const clients = {
  dhclient: existsSync(dhclient),
  'systemd-networkd': existsSync(networkd),
};
for (const [name, there] of Object.entries(clients)) {
  if (probe && !there) sayWhySkipped(`an address by ${name}`, `${name} is missing`);
}

const mac = '52:54:00:77:00:02';

/** Debian's own clients on a network of Linux's, whose card is on a switch of ours. */
describe.skipIf(!probe)('a Debian machine', () => {
  let folder: string;
  let machine: NetworkNamespace;
  let network: VirtualSwitch;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vivarium-clients-'));
    const made = await NetworkNamespace.make();
    if (!made) throw new Error('a namespace could be made a moment ago');
    machine = made;
    // What clients write (resolv.conf among it) is not this computer's.
    await machine.sh(
      [
        'mount -t tmpfs tmpfs /run && mkdir -p /run/etc /run/work /run/systemd/network /run/systemd/netif',
        'mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/work overlay /etc',
        // Who can write there has udev, and waits for it.
        'mount -o remount,ro /sys',
        `ip tuntap add dev card mode tap; ip link set card address ${mac} up`,
      ].join('\n'),
    );
    await machine.machine('card', join(folder, 'card'));
    network = new VirtualSwitch({
      events: { link: () => {}, leases: () => {}, log: () => {} },
      resolvers: () => [],
    });
    await network.configure(
      {
        ...defaultNetwork(),
        ipv6: { prefix: 'fd00:86::/64' },
        reservations: [{ mac, address: '10.86.0.42' }],
        names: [{ name: 'printer', address: '10.86.0.9' }],
      },
      join(folder, 'leases.json'),
    );
    network.plug({ port: 'm-nic0', path: join(folder, 'card'), machine: 'mmmmmmmmmmmmmmmm', name: 'M', mac });
  });
  afterAll(async () => {
    await network?.close();
    await machine?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const state = (): Promise<string> => machine.sh('ip -o address show dev card; ip route; ip -6 route');
  const hasAll = async (): Promise<void> => {
    await expect.poll(state, { timeout: 30_000, interval: 200 }).toMatch(/inet 10\.86\.0\.42\/24/);
    await expect.poll(state, { timeout: 30_000, interval: 200 }).toMatch(/default via 10\.86\.0\.1 /);
    // By SLAAC, with the router that has said so.
    await expect
      .poll(state, { timeout: 30_000, interval: 200 })
      .toMatch(/inet6 fd00:86::[0-9a-f:]+\/64 scope global/);
    await expect.poll(state, { timeout: 30_000, interval: 200 }).toMatch(/default via fe80::/);
  };

  it.skipIf(!clients.dhclient)('gets an address and the names by dhclient, and gives it back', async () => {
    const leases = join('/run', 'dhclient.leases');
    await machine.sh(`${dhclient} -1 -q -4 -lf ${leases} -pf /run/dhclient.pid card`);
    await hasAll();
    expect(network.leases()).toMatchObject([{ mac, address: '10.86.0.42' }]);
    const resolv = await machine.sh('cat /etc/resolv.conf');
    expect(resolv).toContain('nameserver 10.86.0.1');
    expect(resolv).toContain('vm.internal');
    expect(await machine.sh(`cat ${leases}`)).toContain('option interface-mtu 1500;');
    await machine.sh(`${dhclient} -r -q -4 -lf ${leases} -pf /run/dhclient.pid card`);
    await expect.poll(() => network.leases()).toEqual([]);
    expect(await state()).not.toContain('10.86.0.42');
  });

  it.skipIf(!clients['systemd-networkd'])('gets them by systemd-networkd, of both kinds', async () => {
    const wanted = '[Match]\nName=card\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=yes\n[DHCPv4]\nUseMTU=yes\n';
    await writeFile(join(machine.root, 'run/systemd/network/10-card.network'), wanted);
    await machine.sh(
      'ip link set card down; ip address flush dev card; chown -R systemd-network /run/systemd/netif',
    );
    machine.run(networkd);
    await hasAll();
    expect(network.leases()).toMatchObject([{ mac, address: '10.86.0.42' }]);
    const links = (): Promise<string> =>
      machine.sh('cat /run/systemd/netif/leases/* /run/systemd/netif/links/*');
    await expect.poll(links, { timeout: 20_000 }).toContain('ADMIN_STATE=configured');
    const told = await links();
    expect(told).toContain('ROUTER=10.86.0.1');
    expect(told).toContain('DOMAINNAME=vm.internal');
    // The second name server is the router's own, by its advertisement (RFC 8106).
    expect(told).toMatch(/DNS=.*fd00:86::1/);
  });
});
