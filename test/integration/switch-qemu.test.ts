import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captureRequest } from '@shared/network/capture';
import { defaultNetwork } from '@shared/network/config';
import { VirtualSwitch } from '../../src/main/processes/switch/virtual-switch';
import { findProgram } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';

const qemu = findProgram('qemu-system-x86_64', 'qemu-system-i386');
const bootRom = existsSync('/usr/lib/ipxe/qemu/pxe-virtio.rom');

/** What QEMU's firmware does by itself when it is to boot from the network: no guest system is needed. */
describe.skipIf(!qemu || !bootRom)('a QEMU machine on a virtual network', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let network: VirtualSwitch;
  let machine: ChildProcess;
  const states: string[] = [];

  const start = (): void => {
    const nic = `stream,id=n0,server=on,addr.type=unix,addr.path=${join(folder.path, 'nic0')}`;
    machine = spawn(
      qemu ?? '',
      [
        ...['-nodefaults', '-no-user-config', '-display', 'none', '-m', '64', '-accel', 'tcg', '-boot', 'n'],
        ...['-netdev', nic, '-device', 'virtio-net-pci,netdev=n0,mac=52:54:00:00:00:77'],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  };
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      machine.on('exit', () => resolve());
      machine.kill('SIGKILL');
    });

  beforeAll(async () => {
    folder = await temporaryFolder('switch-qemu');
    network = new VirtualSwitch({
      events: { link: (_port, state) => void states.push(state), leases: () => {}, log: () => {} },
      resolvers: () => [],
    });
    const boot = join(folder.path, 'boot');
    await mkdir(boot);
    await writeFile(join(boot, 'start.ipxe'), '#!ipxe\nimgfetch data/marker.bin\nimgfetch no-such-file\n');
    await mkdir(join(boot, 'data'));
    await writeFile(join(boot, 'data', 'marker.bin'), Buffer.alloc(100_000, 'marker'));
    const pxe = { folder: boot, bootFile: 'start.ipxe', uefiBootFile: null };
    await network.configure({ ...defaultNetwork(), pxe }, join(folder.path, 'leases.json'));
    network.startCapture(captureRequest.parse({ port: null }));
  });

  afterAll(async () => {
    await stop();
    await network.close();
    await folder.remove();
  });

  it('gets an address from its firmware’s DHCP client, and is found again after a restart', async () => {
    network.plug({
      port: 'q',
      path: join(folder.path, 'nic0'),
      machine: 'qqqqqqqqqqqqqqqq',
      name: 'Q',
      mac: '52:54:00:00:00:77',
    });
    start();
    const leased = (): string[] => network.leases().map(({ mac }) => mac);
    await expect.poll(leased, { timeout: 90_000, interval: 200 }).toEqual(['52:54:00:00:00:77']);
    // It has started what it was given, for that has fetched another file, and asked for one that there is not.
    const asked = async (): Promise<string[]> => {
      const { packets } = await network.captured().page(0, 1000, 'udp dst port 69');
      return packets.map(({ number }) => {
        const bytes = Buffer.from(network.captured().detail(number).bytes, 'base64');
        return (bytes.toString('latin1', 44).split('\0')[0] ?? '').replace(/^\//, '');
      });
    };
    await expect.poll(asked, { interval: 200 }).toContain('no-such-file');
    expect(await asked()).toEqual(['start.ipxe', 'data/marker.bin', 'no-such-file']);
    await stop();
    const ups = states.filter((state) => state === 'up').length;
    start();
    await expect.poll(() => states.filter((state) => state === 'up').length).toBeGreaterThan(ups);
  });
});
