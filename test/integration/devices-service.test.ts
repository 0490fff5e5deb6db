import { truncate, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '@shared/ipc/contract';
import type { MachineConfig } from '@shared/machine/config';
import type { NewDisk, RemovedImage } from '@shared/machine/devices';
import type { Core } from '../../src/main/core';
import { openDisk } from '../../src/main/disks/open-disk';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  jobEnd,
  nextEvent,
  temporaryFolder,
  testCore,
} from '../helpers/core';

/** Disks and drives of machines without a guest: what becomes of files and settings. */
describe('the devices of a machine', () => {
  let built: BuiltMain;
  let dataFolder: string;
  let core: Core;
  let id: string;
  let trash: string[];
  let trashWorks: boolean;

  beforeAll(async () => {
    built = await buildMain();
  });
  afterAll(() => built?.remove());
  beforeEach(async () => {
    dataFolder = await temporaryFolder();
    trash = [];
    trashWorks = true;
    core = await testCore(built.folder, dataFolder, {
      shell: {
        kind: 'electron',
        moveToTrash: async (path) => {
          if (!trashWorks) throw new Error('The trash is full');
          trash.push(basename(path));
          await rm(path);
        },
      },
    });
    id = await createMachine(core, fakeSpec('One'));
  });
  afterEach(async () => {
    await core?.shutdown('power-off');
    await rm(dataFolder, { recursive: true, force: true });
  });

  const config = (): MachineConfig => core.machines.get(id).config as MachineConfig;
  const folder = (): string => core.machines.get(id).folder;
  const files = async (): Promise<string[]> => (await readdir(join(folder(), 'disks'))).sort();
  const disks = (): string[] => config().disks.map((disk) => `${disk.id} ${disk.path}`);
  const add = async (source: NewDisk['source'], bus: NewDisk['bus'] = 'ide'): Promise<Job> =>
    jobEnd(core, await core.handlers['machine.addDisk']({ id, disk: { bus, source } }));
  const removeDisk = async (disk: string, image: RemovedImage): Promise<Job> =>
    jobEnd(core, await core.handlers['machine.removeDisk']({ id, disk, image }));
  const sizeOf = async (path: string): Promise<number> => {
    const disk = await openDisk(path, { readOnly: true });
    return disk.close().then(() => disk.size);
  };

  it('come as new and as copied disks, each with an image of its own', async () => {
    expect((await add({ kind: 'new', sizeMiB: 3 })).result).toEqual({ disk: 'disk1' });
    expect(disks()).toEqual(['disk0 disks/disk0.qcow2', 'disk1 disks/disk1.qcow2']);
    expect(await sizeOf(join(folder(), 'disks/disk1.qcow2'))).toBe(3 * 2 ** 20);
    // As many as this engine takes, and no more.
    expect(await failureCode(add({ kind: 'new', sizeMiB: 3 }))).toBe('engine.unsupported');
    expect((await removeDisk('disk0', 'keep')).result).toEqual({
      image: join(folder(), 'disks/disk0.qcow2'),
    });
    // The kept image has that name.
    const copied = await add({ kind: 'copy', path: join(folder(), 'disks/disk0.qcow2') });
    expect(copied).toMatchObject({ state: 'done', result: { disk: 'disk0' } });
    expect(config().disks[0]?.path).toMatch(/^disks\/disk0-[a-z0-9]{16}\.qcow2$/);
    expect(await files()).toHaveLength(3);
    await core.handlers['machine.start']({ id });
    await core.handlers['machine.powerOff']({ id });
  });

  it('leave nothing when the copy fails or is cancelled', async () => {
    const text = join(dataFolder, 'text.qcow2');
    await writeFile(text, 'QFI\xfb, but nothing behind it', 'latin1');
    expect(await add({ kind: 'copy', path: text })).toMatchObject({ state: 'failed' });
    expect(await failureCode(add({ kind: 'copy', path: join(dataFolder, 'nothing.img') }))).toBe(
      'file.not-found',
    );
    expect(await failureCode(add({ kind: 'copy', path: 'relative.img' }))).toBe('input.invalid');
    const large = join(dataFolder, 'large.img');
    await writeFile(large, Buffer.alloc(2 ** 20, 1));
    await truncate(large, 2 ** 40);
    const { jobId } = await core.handlers['machine.addDisk']({
      id,
      disk: { bus: 'ide', source: { kind: 'copy', path: large } },
    });
    await nextEvent(core, (event) =>
      event.name === 'job.changed' && event.value.id === jobId && event.value.done > 0 ? true : undefined,
    );
    expect(await files()).toHaveLength(2);
    core.jobs.cancel(jobId);
    expect(await core.jobs.ended(jobId)).toMatchObject({ state: 'cancelled' });
    expect(await files()).toEqual(['disk0.qcow2']);
    expect(disks()).toHaveLength(1);
  });

  it('go to the trash or for ever, and what snapshots have of a disk stays', async () => {
    const taken = await jobEnd(core, await core.handlers['snapshot.take']({ id, memory: false }));
    const { snapshot } = taken.result as { snapshot: string };
    const frozen = await files();
    expect(frozen).toHaveLength(2);
    const { result } = await removeDisk('disk0', 'trash');
    // What was thrown away needs no other image.
    expect(result).toEqual({ image: null });
    expect(trash).toHaveLength(1);
    expect(await files()).toEqual(['disk0.qcow2']);
    await jobEnd(core, await core.handlers['snapshot.restore']({ id, snapshot }));
    expect(config().disks).toHaveLength(1);

    await add({ kind: 'new', sizeMiB: 3 });
    expect(await removeDisk('disk0', 'erase')).toMatchObject({ state: 'done' });
    expect(await removeDisk('disk1', 'erase')).toMatchObject({ state: 'done' });
    expect(await files()).toEqual(['disk0.qcow2']);
    await jobEnd(core, await core.handlers['snapshot.restore']({ id, snapshot }));
    await core.handlers['machine.start']({ id });
    await core.handlers['machine.powerOff']({ id });

    trashWorks = false;
    const job = await removeDisk('disk0', 'trash');
    expect(job).toMatchObject({ state: 'failed', error: { code: 'file.io' } });
    // The disk is gone all the same, and the file is where the message says.
    expect(config().disks).toEqual([]);
    expect(job.error?.message).toContain((await files()).find((name) => name !== 'disk0.qcow2'));
  });

  it('cannot be changed while a saved state knows them, or by an engine that cannot', async () => {
    await core.handlers['machine.start']({ id });
    const disk: NewDisk = { bus: 'ide', source: { kind: 'new', sizeMiB: 1 } };
    const commands: (() => unknown)[] = [
      () => core.handlers['machine.addDisk']({ id, disk }),
      () => core.handlers['machine.removeDisk']({ id, disk: 'disk0', image: 'keep' }),
      () => core.handlers['machine.addNic']({ id, nic: { model: 'virtio', network: null } }),
      () => core.handlers['machine.removeNic']({ id, nic: 'nic0' }),
      () => core.handlers['machine.addDrive']({ id, kind: 'floppy' }),
      () => core.handlers['machine.removeDrive']({ id, drive: 'cd0' }),
      () => core.handlers['machine.changeDisk']({ id, disk: 'disk0', bus: 'ide' }),
    ];
    const before = config();
    for (const command of commands) {
      expect(['engine.unsupported', 'machine.wrong-state']).toContain(await failureCode(command()));
    }
    await core.handlers['machine.changeNic']({ id, nic: 'nic0', change: { connected: false } });
    await jobEnd(core, await core.handlers['machine.save']({ id }));
    for (const command of commands) {
      expect(await failureCode(Promise.resolve().then(() => command()))).toBe('machine.wrong-state');
    }
    expect(config()).toEqual({ ...before, nics: [{ ...before.nics[0], connected: false }] });
  });

  it('of a machine that is off are drives and buses as well', async () => {
    const { drives } = config();
    await core.handlers['machine.addDrive']({ id, kind: 'floppy' });
    expect(config().drives.map((drive) => drive.id)).toEqual(['cd0', 'floppy0', 'floppy1']);
    expect(await failureCode(core.handlers['machine.addDrive']({ id, kind: 'cdrom' }))).toBe(
      'engine.unsupported',
    );
    for (const drive of ['floppy0', 'cd0', 'floppy1'])
      await core.handlers['machine.removeDrive']({ id, drive });
    expect(config().drives).toEqual([]);
    for (const { kind } of drives) await core.handlers['machine.addDrive']({ id, kind });
    expect(config().drives).toEqual(drives);
    const change = core.handlers['machine.changeDisk']({ id, disk: 'disk0', bus: 'nvme' });
    expect(await failureCode(change)).toBe('engine.unsupported');
    expect(await failureCode(core.handlers['machine.removeDrive']({ id, drive: 'cd7' }))).toBe(
      'input.invalid',
    );
  });
});
