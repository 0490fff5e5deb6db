import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultNetwork, type NetworkConfig, networkConfig } from '@shared/network/config';
import type { UplinkPlan, UplinkReport } from '@shared/network/uplink';
import { linuxUplinks } from '../../src/main/networks/uplink/linux';
import { Uplinks } from '../../src/main/networks/uplink/uplinks';
import { VirtualSwitch } from '../../src/main/processes/switch/virtual-switch';
import { NetworkNamespace } from '../helpers/network-namespace';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

const qemu = findProgram('qemu-system-x86_64');
const ip = findProgram('ip');
const probe = qemu && ip ? await NetworkNamespace.make() : undefined;
await probe?.close();
if (!probe) sayWhySkipped('networks that are joined with devices', 'no network namespaces, no ip or no QEMU');

const mac = '52:54:00:77:00:01';

/**
 * Three networks of Linux's own: a machine's, this computer's, and a computer elsewhere. What the machine and the
 * computers say to each other goes through a switch and the program that has a device open.
 */
describe.skipIf(!probe)('a network that is joined with a device of this computer', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let machine: NetworkNamespace;
  let computer: NetworkNamespace;
  let elsewhere: NetworkNamespace;
  let network: VirtualSwitch;
  let reports: UplinkReport[];

  const uplinks = (): Uplinks =>
    new Uplinks(
      linuxUplinks({ root: computer.root, uid: 0, ip }),
      () => Promise.resolve(qemu ?? ''),
      folder.path,
    );
  const begin = async (changes: Partial<NetworkConfig>): Promise<UplinkPlan> => {
    const config = networkConfig.parse({ ...defaultNetwork(), subnet: '10.86.0.0/24', ...changes });
    const plan = await uplinks().plan(config);
    if (!plan) throw new Error('no plan');
    const { program, args, setup } = plan;
    const [entered = '', ...rest] = computer.inside(program, ...args);
    const wrapped = {
      ...plan,
      program: entered,
      args: rest,
      setup: setup.map((command) => computer.inside(...command)),
    };
    await network.configure(config, join(folder.path, 'leases.json'));
    await network.setUplink('lab', config.uplink?.device ?? '', wrapped);
    const path = join(folder.path, 'card');
    network.plug({ port: 'm-nic0', path, machine: 'mmmmmmmmmmmmmmmm', name: 'M', mac });
    return plan;
  };
  const isUp = (): Promise<void> =>
    expect.poll(() => reports.at(-1), { timeout: 20_000 }).toEqual({ state: 'up', problem: null });

  const namespace = async (): Promise<NetworkNamespace> => {
    const made = await NetworkNamespace.make();
    if (!made) throw new Error('a namespace could be made a moment ago');
    return made;
  };

  beforeAll(async () => {
    folder = await temporaryFolder('uplinks');
    [machine, computer, elsewhere] = await Promise.all([namespace(), namespace(), namespace()]);
    await machine.sh(
      `ip tuntap add dev card mode tap; ip link set card address ${mac} up; ip address add 10.86.0.50/24 dev card`,
    );
    await machine.machine('card', join(folder.path, 'card'));
    await computer.sh(
      `ip link add cable type veth peer name far netns ${elsewhere.pid}; ip link set cable up; ip link add br0 type bridge; ip link set br0 up`,
    );
    await elsewhere.sh('ip link set far up; ip address add 10.86.0.99/24 dev far');
    await Promise.all([machine, computer, elsewhere].map((one) => one.echo(7000)));
  });
  afterAll(async () => {
    await Promise.all([machine, computer, elsewhere].map((one) => one?.close()));
    await folder?.remove();
  });
  beforeEach(() => {
    reports = [];
    network = new VirtualSwitch({
      events: {
        link: () => {},
        leases: () => {},
        log: () => {},
        uplink: (report) => void reports.push(report),
      },
      resolvers: () => [],
    });
  });
  afterEach(() => network.close());

  it('host-only: this computer has an address on it while it is used, and no way is left behind', async () => {
    const state = (): Promise<string> => computer.sh('ip -4 -o address; ip route; ls /sys/class/net');
    const before = await state();
    await begin({ kind: 'host-only', uplink: { device: 'vivlab' }, ipv6: { prefix: 'fd00:86::/64' } });
    await isUp();
    expect(await computer.sh('ip -4 -o address show dev vivlab')).toContain(' 10.86.0.2/24 ');
    expect(await machine.ask('10.86.0.2', 7000, 'to-the-host')).toBe('to-the-host');
    expect(await computer.ask('10.86.0.50', 7000, 'to-the-machine')).toBe('to-the-machine');
    // It makes itself an address of IPv6 like every machine; the way to the world stays what it was.
    const addresses = (): Promise<string> => computer.sh('ip -6 -o address show dev vivlab');
    await expect.poll(addresses, { timeout: 20_000 }).toContain(' fd00:86::');
    expect(await computer.sh('ip route show default; ip -6 route show default')).toBe('');
    const [cable] = network.statistics().ports.filter(({ port }) => port === 'uplink-lab');
    expect(cable?.sentFrames).toBeGreaterThan(3);
    await network.close();
    expect(await state()).toBe(before);
  });

  it('comes back when the program is killed that has the device open', async () => {
    await begin({ kind: 'host-only', uplink: { device: 'vivlab' } });
    await isUp();
    process.kill(await computer.processWith('ifname=vivlab,'), 'SIGKILL');
    await expect
      .poll(() => reports.map(({ state }) => state), { timeout: 20_000 })
      .toEqual(['up', 'failed', 'up']);
    expect(await machine.ask('10.86.0.2', 7000, 'again')).toBe('again');
  });

  it('a TAP device that somebody has made is used as it is', async () => {
    await computer.sh(
      'ip tuntap add dev theirs mode tap; ip address add 10.86.0.7/24 dev theirs; ip link set theirs up',
    );
    // Machines that are kept apart still reach this computer.
    const firewall = { ...defaultNetwork().firewall, separate: true };
    const { setup } = await begin({ kind: 'host-only', uplink: { device: 'theirs' }, firewall });
    expect(setup).toEqual([]);
    expect(await machine.ask('10.86.0.7', 7000, 'theirs')).toBe('theirs');
    await network.close();
    expect(
      await computer.sh('ip -4 -o address show dev theirs; ip tuntap del dev theirs mode tap'),
    ).toContain('10.86.0.7');
  });

  it('bridged: machines are on the network that a bridge is on', async () => {
    await computer.sh('ip link set cable master br0; mkdir -p /etc/qemu; mount -t tmpfs tmpfs /etc/qemu');
    const bridged = { kind: 'bridged', gatewayOn: false, uplink: { device: 'br0' } } as const;
    await expect(begin(bridged)).rejects.toMatchObject({
      code: 'file.denied',
      hint: expect.stringContaining('bridge.conf') as string,
    });
    await computer.sh('echo allow br0 > /etc/qemu/bridge.conf');
    expect(await uplinks().devices()).toMatchObject([{ name: 'br0', kind: 'bridge', problem: null }]);
    await begin(bridged);
    expect(await machine.ask('10.86.0.99', 7000, 'over-the-bridge')).toBe('over-the-bridge');
    expect(await elsewhere.ask('10.86.0.50', 7000, 'from-elsewhere')).toBe('from-elsewhere');
    await computer.sh('ip link set cable nomaster');
  });

  it('bridged: one machine by a macvtap device', async () => {
    await computer.sh(
      `ip link add link cable name mv0 address ${mac} type macvtap mode bridge; ip link set mv0 up`,
    );
    await begin({ kind: 'bridged', gatewayOn: false, uplink: { device: 'mv0' } });
    expect(await machine.ask('10.86.0.99', 7000, 'past-the-bridge')).toBe('past-the-bridge');
    await computer.sh('ip link del mv0');
  });

  it('says what is in the way', async () => {
    const refused = (device: string) =>
      expect(begin({ kind: 'bridged', gatewayOn: false, uplink: { device } })).rejects;
    await refused('none').toMatchObject({
      code: 'host.unavailable',
      message: expect.stringContaining('none') as string,
    });
    await refused('cable').toMatchObject({ hint: expect.stringContaining('bridge') as string });
    await refused('../br0').toMatchObject({ code: 'host.unavailable' });
  });
});
