import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import type { NicConfig } from '@shared/machine/config';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import type { EngineRig, Subject } from './engine-rig';

function testNic(id: string, model: NicConfig['model']): NicConfig {
  return { id, model, mac: '52:54:00:00:00:01', connected: true, network: null };
}

/** Media, cables and devices come and go while a machine runs. */
export function engineDevices(rig: EngineRig, subject: Subject): void {
  it('changes media while it runs', async () => {
    const { machine, guest } = await rig.boot();
    const medium = join(rig.folder, 'medium.img');
    const contents = Buffer.alloc(subject.mediumSize);
    contents.write('VIVARIUM');
    await writeFile(medium, contents);
    expect(await guest.medium()).toBeNull();
    await machine.insertMedium(subject.drive, medium);
    expect(await guest.medium()).toBe('VIVARIUM');
    await machine.insertMedium(subject.drive, null);
    expect(await guest.medium()).toBeNull();
  });

  it('keeps the old medium when the new one cannot be opened', async () => {
    const medium = join(rig.folder, 'medium.img');
    const contents = Buffer.alloc(subject.mediumSize);
    contents.write('OLD DISK');
    await writeFile(medium, contents);
    const { machine, guest } = await rig.boot({ drives: { [subject.drive]: medium } });
    await writeFile(join(rig.folder, 'empty.img'), '');
    await mkdir(join(rig.folder, 'folder.img'));
    const cases = [
      ['missing.img', 'file.not-found'],
      ['empty.img', 'medium.empty'],
      ['folder.img', 'file.not-a-file'],
    ] as const;
    for (const [file, code] of cases) {
      await expect(machine.insertMedium(subject.drive, join(rig.folder, file))).rejects.toMatchObject({
        code,
      });
    }
    expect(await guest.medium()).toBe('OLD DISK');
    await expect(machine.insertMedium('cd9', null)).rejects.toMatchObject({ code: 'input.invalid' });
  });

  it('plugs a network cable in and out while it runs', async () => {
    rig.config = { ...rig.config, nics: [testNic('nic0', 'ne2k')] };
    const { machine, guest } = await rig.boot();
    for (const connected of [false, true, true, false]) await machine.setLink('nic0', connected);
    await expect(machine.setLink('nic1', true)).rejects.toMatchObject({ code: 'input.invalid' });
    expect(await guest.multiply(3, 3)).toBe(9);
  });

  describe.skipIf(!subject.hotPlugBus)('with devices that come and go', () => {
    const disk = { id: 'disk1', path: 'disks/disk1.qcow2', bus: subject.hotPlugBus ?? 'virtio' } as const;
    const nic = testNic('nic0', 'virtio');
    let image: string;
    beforeEach(async () => {
      image = join(rig.folder, 'disk1.qcow2');
      await createQcow2(image, { virtualSize: 2 ** 20 });
    });

    it('goes on from a state that was saved after they were added', async () => {
      const { machine, guest } = await rig.boot();
      const before = await guest.counter();
      await machine.hotPlug?.addDisk(disk, image);
      await machine.hotPlug?.addNic(nic, null);
      await machine.setLink('nic0', false);
      await machine.pause();
      rig.config = { ...rig.config, disks: [...rig.config.disks, disk], nics: [nic] };
      const savedState = await rig.save(machine);
      await machine.powerOff();

      rig.paths = {
        ...rig.paths,
        disks: { ...rig.paths.disks, disk1: image },
        ...subject.paths?.(rig.config),
      };
      const again = await rig.launch({ savedState });
      expect(await again.guest.counter()).toBeGreaterThanOrEqual(before);
      expect(again.terminal.text).not.toContain('ready');
    });

    it('keeps a device that the guest does not let go, and says so', async () => {
      const { machine, guest } = await rig.boot();
      await machine.hotPlug?.addDisk(disk, image);
      await machine.hotPlug?.addNic(nic, null);
      // This guest knows nothing of such requests.
      for (let twice = 0; twice < 2; twice++) {
        await expect(machine.hotPlug?.removeDisk('disk1')).rejects.toMatchObject({ code: 'timeout' });
      }
      await expect(machine.hotPlug?.removeNic('nic0')).rejects.toMatchObject({ code: 'timeout' });
      expect(await guest.addOnDisk()).toBe(1);
      await machine.setLink('nic0', true);
      const waiting = expect(machine.hotPlug?.removeDisk('disk1')).rejects.toMatchObject({
        code: 'cancelled',
      });
      machine.hotPlug?.giveUp();
      await waiting;
      await machine.pause();
      rig.config = { ...rig.config, disks: [...rig.config.disks, disk], nics: [nic] };
      const savedState = await rig.save(machine);
      await machine.powerOff();
      rig.paths = {
        ...rig.paths,
        disks: { ...rig.paths.disks, disk1: image },
        ...subject.paths?.(rig.config),
      };
      const again = await rig.launch({ savedState });
      expect(await again.guest.numberOnDisk()).toBe(1);
    });

    it('refuses what cannot be added or is not there, and changes nothing', async () => {
      const { machine, guest } = await rig.boot();
      const { hotPlug } = machine;
      await expect(hotPlug?.addDisk(disk, join(rig.folder, 'missing.qcow2'))).rejects.toMatchObject({
        code: 'file.not-found',
      });
      await writeFile(join(rig.folder, 'text.qcow2'), 'this is no image');
      await expect(hotPlug?.addDisk(disk, join(rig.folder, 'text.qcow2'))).rejects.toBeInstanceOf(Failure);
      await expect(hotPlug?.addDisk({ ...disk, id: 'disk0' }, image)).rejects.toMatchObject({
        code: 'input.invalid',
      });
      await expect(hotPlug?.addDisk({ ...disk, bus: 'ide' }, image)).rejects.toMatchObject({
        code: 'engine.unsupported',
      });
      await expect(hotPlug?.removeDisk('disk5')).rejects.toMatchObject({ code: 'input.invalid' });
      await expect(hotPlug?.removeNic('nic0')).rejects.toMatchObject({ code: 'input.invalid' });
      await hotPlug?.addDisk(disk, image);
      expect(await guest.multiply(4, 5)).toBe(20);
    });
  });
}
