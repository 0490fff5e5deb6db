import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
    await network.configure(defaultNetwork(), join(folder.path, 'leases.json'));
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
    await stop();
    const ups = states.filter((state) => state === 'up').length;
    start();
    await expect
      .poll(() => states.filter((state) => state === 'up').length, { timeout: 30_000 })
      .toBeGreaterThan(ups);
  });
});
