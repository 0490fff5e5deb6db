import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MachineConfig } from '@shared/machine/config';
import type { Core } from '../../src/main/core';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { findProgram, sayWhySkipped } from '../helpers/programs';

/** Network cards of running machines, and what the switches at the other ends of their cables see of them. */

const qemu = findProgram('qemu-system-x86_64') !== undefined;
if (!qemu) sayWhySkipped('network cards of a running QEMU machine', 'qemu-system-x86_64 is missing');

describe('network cards of running machines', () => {
  let built: BuiltMain;
  let dataFolder: string;
  let core: Core;
  let lab: string;

  beforeAll(async () => {
    built = await buildMain();
    dataFolder = await temporaryFolder();
    core = await testCore(built.folder, dataFolder);
    lab = (await core.handlers['network.create']({ network: { name: 'Lab', kind: 'isolated' } })).id;
  });
  afterAll(async () => {
    await core?.shutdown('power-off');
    await built?.remove();
    if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
  });

  /** The cards that a network's switch is connected to now. */
  const plugged = async (network: string): Promise<string[]> =>
    (await core.handlers['network.get']({ id: network })).ports
      .filter(({ state }) => state === 'up')
      .map(({ port }) => port.slice(-4));
  const soon = (network: string, cards: string[]): Promise<void> =>
    expect.poll(() => plugged(network)).toEqual(cards);
  const config = (id: string): MachineConfig => core.machines.get(id).config as MachineConfig;
  const machine = (name: string, engine: 'v86' | 'qemu', nicModel: 'virtio' | null): Promise<string> =>
    createMachine(
      core,
      fakeSpec(name, {
        engine,
        architecture: engine === 'v86' ? 'i386' : 'x86_64',
        disk: { kind: 'none' },
        nicModel,
      }),
    );

  it('go from one network to another, to none and back, on the embedded engine', async () => {
    const id = await machine('Moved', 'v86', 'virtio');
    await core.handlers['machine.start']({ id });
    await soon('nat', ['nic0']);
    const move = (network: string | null): unknown =>
      core.handlers['machine.changeNic']({ id, nic: 'nic0', change: { network } });
    await move(lab);
    await soon(lab, ['nic0']);
    expect((await core.handlers['network.get']({ id: 'nat' })).running).toBe(false);
    await move(null);
    expect((await core.handlers['network.get']({ id: lab })).running).toBe(false);
    expect(config(id).nics[0]?.network).toBeNull();
    await core.handlers['machine.powerOff']({ id });

    // One that was on none when the machine started can be plugged in as well.
    await core.handlers['machine.start']({ id });
    await move('nat');
    await soon('nat', ['nic0']);
    await core.handlers['machine.changeNic']({ id, nic: 'nic0', change: { connected: false } });
    expect(config(id).nics[0]).toMatchObject({ connected: false, network: 'nat' });
    expect(await failureCode(move('nowhere'))).toBe('network.not-found');
    const refused = [
      () => core.handlers['machine.changeNic']({ id, nic: 'nic0', change: { model: 'ne2k' } }),
      () => core.handlers['machine.addNic']({ id, nic: { model: 'virtio', network: null } }),
      () => core.handlers['machine.removeNic']({ id, nic: 'nic0' }),
    ];
    const codes: string[] = [];
    for (const command of refused) codes.push(await failureCode(command()));
    expect(codes).toEqual(['machine.wrong-state', 'engine.unsupported', 'engine.unsupported']);
    expect(config(id).nics).toHaveLength(1);
    await core.handlers['machine.powerOff']({ id });
    await core.handlers['machine.changeNic']({ id, nic: 'nic0', change: { model: 'ne2k' } });
    await core.handlers['machine.removeNic']({ id, nic: 'nic0' });
    expect(config(id).nics).toEqual([]);
  });

  it.skipIf(!qemu)(
    'come with their cable on QEMU, and each has an address of its own',
    async () => {
      const id = await machine('Grown', 'qemu', null);
      await core.handlers['machine.start']({ id });
      await core.handlers['machine.addNic']({ id, nic: { model: 'virtio', network: lab } });
      await soon(lab, ['nic0']);
      await core.handlers['machine.addNic']({ id, nic: { model: 'virtio', network: 'nat' } });
      await soon('nat', ['nic1']);
      await core.handlers['machine.changeNic']({ id, nic: 'nic0', change: { network: 'nat' } });
      await expect.poll(async () => (await plugged('nat')).sort()).toEqual(['nic0', 'nic1']);
      const [mac = '', second = ''] = config(id).nics.map((nic) => nic.mac);
      expect(mac).not.toBe(second);
      const nic = { model: 'virtio', network: null, mac } as const;
      expect(await failureCode(core.handlers['machine.addNic']({ id, nic }))).toBe('input.invalid');
      await core.handlers['machine.powerOff']({ id });
      await core.handlers['machine.changeNic']({ id, nic: 'nic1', change: { mac: '52:54:00:AB:00:01' } });
      expect(config(id).nics[1]?.mac).toBe('52:54:00:ab:00:01');
      const group = { mac: '53:54:00:ab:00:01' };
      expect(await failureCode(core.handlers['machine.changeNic']({ id, nic: 'nic1', change: group }))).toBe(
        'input.invalid',
      );
    },
    60_000,
  );
});
