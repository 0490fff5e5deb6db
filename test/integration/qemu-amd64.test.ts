import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineSpec } from '@shared/machine/config';
import type { MachineStatistics } from '@shared/machine/statistics';
import type { Core } from '../../src/main/core';
import { amd64Guest, amd64Ready, amd64Shell, amd64Spec, amd64Terminal } from '../helpers/amd64-guest';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  jobEnd,
  reached,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { sayWhySkipped } from '../helpers/programs';
import { sampleWhere } from '../helpers/statistics';
import type { Terminal } from '../helpers/terminal';

/** A 64-bit Linux with a guest agent, started by BIOS and by UEFI, as services see it. */

const suite = 'a 64-bit Linux on QEMU';

const iso = await amd64Guest(suite);

describe.skipIf(!iso)(suite, () => {
  let built: BuiltMain;
  let dataFolder: string;
  let core: Core;

  beforeAll(async () => {
    built = await buildMain();
    dataFolder = await temporaryFolder();
    core = await testCore(built.folder, dataFolder);
  });
  afterAll(async () => {
    await core?.shutdown('power-off');
    await built?.remove();
    if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
  });

  const spec = (name: string, changes: Partial<MachineSpec> = {}): MachineSpec =>
    amd64Spec(name, iso, changes);
  const terminalOf = (id: string): Terminal => amd64Terminal(core, id);
  const sh = amd64Shell;

  async function start(changes: MachineSpec): Promise<{ id: string; terminal: Terminal; ready: string }> {
    const id = await createMachine(core, changes);
    await core.handlers['machine.start']({ id });
    const terminal = terminalOf(id);
    const ready = await amd64Ready(terminal);
    return { id, terminal, ready };
  }

  it('starts by BIOS, tells its addresses, and shuts down by its agent', async () => {
    const { id, terminal, ready } = await start(spec('BIOS', { cpus: 2 }));
    expect(ready).toContain('ready x86_64 bios');
    // Everything that a Linux gets without being asked.
    const devices = await sh(terminal, 'cat /sys/bus/virtio/devices/*/device; ls /sys/class/drm');
    expect(devices).toContain('card0-Virtual-1');
    // The USB bus is looked at while the shell is there already; without a tablet this does not end.
    await sh(terminal, "until grep -q 'QEMU USB Tablet' /proc/bus/input/devices; do sleep 1; done");

    await sh(terminal, 'until pidof qemu-ga; do sleep 1; done');
    await sh(terminal, 'ip link set eth0 up; ip address add 192.0.2.7/24 dev eth0');
    const runner = core.machines.power.processOf(core.machines.library.get(id));
    await sampleWhere(
      runner.openStream({ name: 'statistics', history: false }),
      ({ addresses }) => addresses?.includes('192.0.2.7') ?? false,
    );
    await givesMemoryBack(id, terminal);
    await carriesLargePackets(terminal);
    // This guest has no driver for the power button.
    await core.handlers['machine.powerButton']({ id });
    await reached(core, id, 'off', 120_000);
  });

  /** The network's MTU comes with the lease; data is whole then, both ways, and travels in few packets. */
  async function carriesLargePackets(terminal: Terminal): Promise<void> {
    const [page, hash] = [
      randomBytes(4_000_000),
      (data: Buffer) => createHash('md5').update(data).digest('hex'),
    ];
    // Whoever asks for the page gets it; of everything else the hash is told.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const received: Buffer[] = [];
      socket.on('error', () => socket.destroy());
      socket.on('data', (data: Buffer) => {
        received.push(data);
        if (received.length === 1 && data.toString('latin1') === 'page\n') socket.end(page);
      });
      socket.on('end', () => {
        if (socket.writable) socket.end(`${hash(Buffer.concat(received))}\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await sh(
      terminal,
      `printf '%s\\n' '#!/bin/sh' '[ "$1" = bound ] || exit 0' 'ip addr flush dev eth0' ` +
        `'ip addr add $ip/24 dev eth0; ip link set eth0 mtu $mtu' > /lease; chmod +x /lease`,
    );
    try {
      for (const mtu of [9000, 65_520]) {
        const offers = [{ protocol: 'tcp' as const, port, hostPort: port }];
        await core.handlers['network.edit']({ id: 'nat', changes: { mtu, offers } });
        await sh(terminal, 'udhcpc -i eth0 -n -q -O mtu -s /lease');
        expect(await sh(terminal, 'cat /sys/class/net/eth0/mtu')).toMatch(new RegExp(`^${mtu}$`, 'm'));
        const packets = async (): Promise<number> =>
          Number(/^(\d+)$/m.exec(await sh(terminal, 'cat /sys/class/net/eth0/statistics/rx_packets'))?.[1]);
        const before = await packets();
        expect(await sh(terminal, `echo page | nc 10.86.0.1 ${port} > /page; md5sum < /page`)).toContain(
          hash(page),
        );
        expect(await sh(terminal, `nc 10.86.0.1 ${port} < /page`)).toContain(hash(page));
        expect((await packets()) - before).toBeLessThan((2 * page.length) / (mtu - 40) + 100);
        expect(await sh(terminal, 'ping -c 2 -s 8000 10.86.0.1')).toContain('2 packets received');
      }
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** The guest's own count of its memory falls with the target, and comes back with it. */
  async function givesMemoryBack(id: string, terminal: Terminal): Promise<void> {
    const total = async (): Promise<number> => {
      const line = await sh(terminal, 'grep MemTotal /proc/meminfo');
      return Number(/MemTotal:\s+(\d+) kB/.exec(line)?.[1]) / 1024;
    };
    const samples = (fits: (statistics: MachineStatistics) => boolean): Promise<MachineStatistics> => {
      const runner = core.machines.power.processOf(core.machines.library.get(id));
      return sampleWhere(runner.openStream({ name: 'statistics', history: false }), fits);
    };
    const has = (mib: number) => samples(({ guestMemory }) => guestMemory?.currentBytes === mib * 2 ** 20);
    const before = await total();
    const { vcpus, guestMemory } = await samples((sample) => sample.guestMemory?.driver === true);
    expect(guestMemory?.totalBytes).toBe(Math.round(before * 1024) * 1024);
    expect(vcpus).toHaveLength(2);

    await core.handlers['machine.memoryTarget']({ id, memoryMiB: 320 });
    await has(320);
    expect(before - (await total())).toBeGreaterThan(185);
    expect(core.machines.get(id).config?.memoryTargetMiB).toBe(320);
    await core.handlers['machine.memoryTarget']({ id, memoryMiB: 512 });
    await has(512);
    expect(await total()).toBe(before);
    expect(core.machines.get(id).config?.memoryTargetMiB).toBeUndefined();
  }

  async function engine() {
    const all = await core.handlers['host.engines']({});
    const found = all.find(({ capabilities }) => capabilities.id === 'qemu');
    if (!found) throw new Error('QEMU is not among the engines');
    return found;
  }

  it('has a TPM and Secure Boot, and keeps both through a saved state', async (context) => {
    const { capabilities } = await engine();
    if (!capabilities.tpm || !capabilities.secureBoot?.includes('x86_64')) {
      sayWhySkipped('Secure Boot and TPM', 'swtpm or OVMF with enrolled keys is not installed');
      context.skip();
      return;
    }
    const secure = { firmware: 'uefi', secureBoot: true, tpm: true } as const;
    const { id, terminal, ready } = await start(spec('Secure, “boot”', secure));
    expect(ready).toContain('ready x86_64 uefi');
    expect(await sh(terminal, 'dmesg | grep -i "secure boot"')).toMatch(/[Ss]ecure boot enabled/);
    const version = 'cat /sys/class/tpm/tpm0/tpm_version_major';
    expect(await sh(terminal, version)).toMatch(/^2$/m);
    // A register that only ever changes forwards, and only by what was measured.
    const registers = 'cat /sys/class/tpm/tpm0/pcr-sha256/0 /sys/class/tpm/tpm0/pcr-sha256/7';
    const before = /[0-9A-F]{64}/g.exec(await sh(terminal, registers))?.[0];
    expect(before).toMatch(/[1-9A-F]/);
    const folder = join(core.machines.get(id).folder, 'firmware');
    expect(await readdir(folder)).toEqual(['tpm', 'x86_64-secure-variables.fd']);
    expect(await readdir(join(folder, 'tpm'))).toContain('tpm2-00.permall');

    const job = await core.handlers['machine.save']({ id });
    expect(await jobEnd(core, job)).toMatchObject({ state: 'done', error: null });
    await reached(core, id, 'saved');
    // Another machine than the one that was saved: said before anything is changed.
    expect(await failureCode(core.handlers['machine.configure']({ id, settings: { tpm: false } }))).not.toBe(
      'no failure',
    );
    await core.handlers['machine.start']({ id });
    const again = terminalOf(id);
    expect(await sh(again, registers)).toContain(before);
    await core.handlers['machine.powerOff']({ id });
    await expect.poll(() => existsSync(join(folder, 'tpm', 'tpm2-00.permall'))).toBe(true);

    await core.handlers['machine.configure']({ id, settings: { tpm: false, secureBoot: false } });
    expect(
      await failureCode(
        core.handlers['machine.configure']({ id, settings: { firmware: 'bios', secureBoot: true } }),
      ),
    ).toBe('engine.unsupported');
  });
});
