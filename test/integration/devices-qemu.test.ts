import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '@shared/ipc/contract';
import type { MachineConfig } from '@shared/machine/config';
import type { NewDisk, RemovedImage } from '@shared/machine/devices';
import type { Core } from '../../src/main/core';
import { openDisk } from '../../src/main/disks/open-disk';
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
import type { Terminal } from '../helpers/terminal';

/** Disks and network cards that come and go while a 64-bit Linux runs on QEMU, as services see it. */

const suite = 'devices of a running QEMU machine';
const iso = await amd64Guest(suite);

describe.skipIf(!iso)(suite, () => {
  let built: BuiltMain;
  let dataFolder: string;
  let core: Core;
  let id: string;
  let terminal: Terminal;

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

  const config = (): MachineConfig => core.machines.get(id).config as MachineConfig;
  const connect = (): void => {
    terminal = amd64Terminal(core, id);
  };
  const sh = (command: string): Promise<string> => amd64Shell(terminal, command);
  async function done(started: { jobId: string } | Promise<{ jobId: string }>): Promise<Job> {
    const job = await jobEnd(core, await started);
    expect(job).toMatchObject({ state: 'done', error: null });
    return job;
  }
  const addDisk = (disk: NewDisk): Promise<Job> => done(core.handlers['machine.addDisk']({ id, disk }));
  const removeDisk = (disk: string, image: RemovedImage): Promise<Job> =>
    done(core.handlers['machine.removeDisk']({ id, disk, image }));
  async function textIn(image: string): Promise<string> {
    const disk = await openDisk(image, { readOnly: true });
    try {
      return Buffer.from(await disk.read(0, 5)).toString();
    } finally {
      await disk.close();
    }
  }
  /** Read from the host's file, not from the guest's memory. */
  const onDisk = (): Promise<string> =>
    sh('echo 3 > /proc/sys/vm/drop_caches; dd if=/dev/vda bs=5 count=1 2>/dev/null; echo');

  it('come up in the guest, and are there after its state was saved', async () => {
    id = await createMachine(core, amd64Spec('Plugged', iso, { memoryMiB: 256, nicModel: null }));
    await core.handlers['machine.start']({ id });
    connect();
    await amd64Ready(terminal);

    expect((await addDisk({ bus: 'virtio', source: { kind: 'new', sizeMiB: 48 } })).result).toEqual({
      disk: 'disk0',
    });
    await sh('until [ -b /dev/vda ]; do sleep 0.1; done');
    expect(await sh('cat /sys/block/vda/size')).toMatch(/^98304$/m);
    await sh('echo first | dd of=/dev/vda conv=fsync 2>/dev/null');

    const mac = '52:54:00:12:34:56';
    await core.handlers['machine.addNic']({ id, nic: { model: 'virtio', network: null, mac } });
    await sh('until [ -d /sys/class/net/eth0 ]; do sleep 0.1; done; ip link set eth0 up');
    expect(await sh('cat /sys/class/net/eth0/address')).toContain(mac);
    await core.handlers['machine.changeNic']({ id, nic: 'nic0', change: { connected: false } });
    await sh('until [ "$(cat /sys/class/net/eth0/carrier)" = 0 ]; do sleep 0.1; done');
    await core.handlers['machine.changeNic']({ id, nic: 'nic0', change: { connected: true } });
    await sh('until [ "$(cat /sys/class/net/eth0/carrier)" = 1 ]; do sleep 0.1; done');

    await done(core.handlers['machine.save']({ id }));
    await reached(core, id, 'saved');
    await core.handlers['machine.start']({ id });
    connect();
    expect(await onDisk()).toMatch(/^first$/m);
    expect(await sh('cat /sys/class/net/eth0/address')).toContain(mac);
  });

  it('go when the guest lets them go, and stay in the snapshots that have them', async () => {
    const { result } = await done(core.handlers['snapshot.take']({ id, memory: true }));
    const { snapshot } = result as { snapshot: string };
    await sh('echo later | dd of=/dev/vda conv=fsync 2>/dev/null');
    const removed = await removeDisk('disk0', 'keep');
    await sh('while [ -b /dev/vda ]; do sleep 0.1; done');
    await core.handlers['machine.removeNic']({ id, nic: 'nic0' });
    await sh('while [ -d /sys/class/net/eth0 ]; do sleep 0.1; done');
    expect(config()).toMatchObject({ disks: [], nics: [] });
    // An image that needs no other, with what was written last.
    const { image } = removed.result as { image: string };
    expect(await textIn(image)).toBe('later');

    await done(core.handlers['snapshot.restore']({ id, snapshot }));
    await reached(core, id, 'running');
    connect();
    expect(await onDisk()).toMatch(/^first$/m);
    expect(config()).toMatchObject({ disks: [{ id: 'disk0' }], nics: [{ id: 'nic0' }] });
    await removeDisk('disk0', 'erase');
    await sh('while [ -b /dev/vda ]; do sleep 0.1; done');
    expect(config().disks).toEqual([]);

    // The kept image, as a copy, on another bus and beside a second one.
    await addDisk({ bus: 'virtio', source: { kind: 'copy', path: image } });
    await addDisk({ bus: 'virtio', source: { kind: 'new', sizeMiB: 8 } });
    await sh('until [ -b /dev/vda ] && [ -b /dev/vdb ]; do sleep 0.1; done');
    expect(await onDisk()).toMatch(/^later$/m);
    await removeDisk('disk0', 'erase');
    expect(config().disks.map((disk) => disk.id)).toEqual(['disk1']);
    const only = join(core.machines.get(id).folder, config().disks[0]?.path ?? '');
    await sh('until [ ! -b /dev/vda ]; do sleep 0.1; done');
    await sh('echo other | dd of=/dev/vdb conv=fsync 2>/dev/null');
    // A guest can let a device go without being asked; the machine's settings follow, and its image is kept.
    await sh(
      'place=$(basename $(readlink -f /sys/block/vdb/device/..)); ' +
        'for slot in /sys/bus/pci/slots/*; do ' +
        '[ "$(cat $slot/address).0" = $place ] && echo 0 > $slot/power; done',
    );
    await expect.poll(() => config().disks).toEqual([]);
    await core.handlers['machine.powerOff']({ id });
    expect(await textIn(only)).toBe('other');
  });

  it('that would take their controller along are not touched while it runs', async () => {
    await core.handlers['machine.start']({ id });
    const disk: NewDisk = { bus: 'scsi', source: { kind: 'new', sizeMiB: 8 } };
    expect(await failureCode(core.handlers['machine.addDisk']({ id, disk }))).toBe('engine.unsupported');
    const sata: NewDisk = { ...disk, bus: 'sata' };
    expect(await failureCode(core.handlers['machine.addDisk']({ id, disk: sata }))).toBe(
      'engine.unsupported',
    );
    await core.handlers['machine.powerOff']({ id });
  });
});
