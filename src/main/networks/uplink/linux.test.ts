import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import { hostAddressOn } from '@shared/network/uplink';
import { linuxUplinks } from './linux';
import type { UplinkSystem } from './system';

const noRights = 'CapEff:\t0000000000000000\n';
const rights = 'CapEff:\t000001ffffffffff\n';
const hostOnly: NetworkConfig = { ...defaultNetwork(), id: 'lab', kind: 'host-only' };
const bridged: NetworkConfig = { ...hostOnly, kind: 'bridged', gatewayOn: false };

/** What Linux shows of itself, as files. */
describe.skipIf(process.platform === 'win32')('devices of Linux', () => {
  let root: string;
  let system: UplinkSystem;
  const put = async (path: string, text = ''): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const device = async (name: string, files: Record<string, string>): Promise<void> => {
    for (const [file, text] of Object.entries(files)) await put(`sys/class/net/${name}/${file}`, text);
  };
  const hintOf = async (promise: Promise<unknown>): Promise<string> => {
    const error = await promise.catch((thrown: unknown) => thrown);
    return (error as { hint?: string }).hint ?? '';
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vivarium-devices-'));
    system = linuxUplinks({ root, uid: 1000, ip: '/sbin/ip' });
    await put('proc/self/status', noRights);
    await put('dev/net/tun');
    await device('eth0', { address: '52:54:00:00:00:01\n' });
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('are those that machines can be joined with, each with the right that is missing', async () => {
    await device('br0', { address: '02:00:00:00:00:01\n', 'bridge/bridge_id': '' });
    await device('mine', { tun_flags: '0x1802\n', owner: '1000\n' });
    await device('theirs', { tun_flags: '0x1802\n', owner: '7\n' });
    await device('vpn', { tun_flags: '0x1801\n', owner: '1000\n' });
    await device('passing', { tun_flags: '0x1002\n', owner: '-1\n' });
    await device('mv0', { 'tap7/dev': '240:7\n', address: '02:00:00:00:00:02\n' });
    const found = new Map((await system.devices()).map((one) => [one.name, one]));
    expect([...found.keys()].sort()).toEqual(['br0', 'mine', 'mv0', 'theirs']);
    expect(found.get('mine')).toMatchObject({ kind: 'tap', problem: null });
    expect(found.get('theirs')?.problem?.hint).toContain('ip tuntap add dev theirs mode tap user "$USER"');
    expect(found.get('mv0')).toMatchObject({ kind: 'macvtap', mac: '02:00:00:00:00:02' });
    expect(found.get('mv0')?.problem?.hint).toContain('/dev/tap7');
    expect(found.get('br0')?.problem?.hint).toContain('qemu-bridge-helper');
    await put('dev/tap7');
    expect((await system.devices()).find(({ name }) => name === 'mv0')?.problem).toBeNull();
    expect(await system.join(bridged, 'mv0')).toEqual({
      ...{ netdev: 'tap,fd=3', open: join(root, 'dev/tap7'), setup: [] },
    });
    expect(await system.join(bridged, 'mine')).toMatchObject({
      netdev: 'tap,ifname=mine,script=no,downscript=no',
      setup: [],
    });
    expect(await hintOf(system.join(bridged, 'eth0'))).toContain('bridge');
  });

  it('may be bridges where QEMU’s helper and its list allow it', async () => {
    const helper = 'usr/lib/qemu/qemu-bridge-helper';
    await device('br0', { 'bridge/bridge_id': '' });
    await device('a,b', { 'bridge/bridge_id': '' });
    await put(helper);
    expect(await hintOf(system.join(bridged, 'br0'))).toContain('chmod u+s');
    await put('proc/self/status', rights);
    expect(await hintOf(system.join(bridged, 'br0'))).toContain('allow br0');
    await put('etc/qemu/bridge.conf', `# ours\ninclude ${join(root, 'etc/qemu/more.conf')}\nallow br7\n`);
    expect(await hintOf(system.join(bridged, 'br0'))).toContain('allow br0');
    await put('etc/qemu/more.conf', 'allow all # of them\n');
    expect((await system.join(bridged, 'br0')).netdev).toBe(`bridge,br=br0,helper=${join(root, helper)}`);
    expect((await system.join(bridged, 'a,b')).netdev).toContain('br=a,,b,');
    await put('etc/qemu/bridge.conf', 'allow br0\ndeny all\n');
    expect(await hintOf(system.join(bridged, 'br0'))).toContain('allow br0');
  });

  it('are made for a host-only network where there are rights, always with the same address', async () => {
    expect(await hintOf(system.join(hostOnly, 'vm-lab'))).toContain('ip tuntap add');
    await put('proc/self/status', rights);
    const plan = await system.join(hostOnly, 'vm-lab');
    expect(plan.setup.map((command) => command.join(' '))).toEqual([
      expect.stringMatching(/^\/sbin\/ip link set dev vm-lab address 02:56(:[0-9a-f]{2}){4}$/),
      '/sbin/ip address replace 10.86.0.2/24 dev vm-lab',
      '/sbin/ip link set dev vm-lab mtu 1500 up',
    ]);
    // While it is there, made by this network’s own program, the plan is the same.
    await device('vm-lab', { tun_flags: '0x1002\n', owner: '-1\n' });
    expect(await system.join(hostOnly, 'vm-lab')).toEqual(plan);
    expect((await system.join({ ...hostOnly, id: 'other' }, 'vm-lab')).setup[0]).not.toEqual(plan.setup[0]);
    for (const name of ['a name', 'sixteen-letters!', 'x'.repeat(16), '..']) {
      await expect(system.join(hostOnly, name)).rejects.toMatchObject({ code: 'network.invalid' });
    }
    await expect(system.join(bridged, 'none')).rejects.toMatchObject({ code: 'host.unavailable' });
    await chmod(join(root, 'dev/net/tun'), 0);
    if (process.getuid?.() !== 0) expect(await system.ownDevice()).toMatchObject({ code: 'file.denied' });
  });
});

describe('the address of this computer on a host-only network', () => {
  it('is the lowest that nobody else has', () => {
    const config = {
      ...defaultNetwork(),
      reservations: [{ mac: '52:54:00:00:00:01', address: '10.86.0.2' }],
    };
    expect(hostAddressOn(config)).toBe('10.86.0.3');
    const dhcp = { enabled: true, first: '10.86.0.2', last: '10.86.0.253' };
    expect(hostAddressOn({ ...config, dhcp, reservations: [] })).toBe('10.86.0.254');
    expect(hostAddressOn({ ...config, dhcp: { ...dhcp, last: '10.86.0.254' } })).toBeUndefined();
  });
});
