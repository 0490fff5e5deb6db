import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { diskFull } from '../helpers/faulty-images';
import { type EngineRig, type Subject, within } from './engine-rig';

/** The host is in trouble: files are missing, its disk is full. */
export function engineTrouble(rig: EngineRig, subject: Subject): void {
  it('says which file is missing when it cannot start', async () => {
    await unlink(join(rig.folder, 'disk0.img'));
    await expect(rig.launch()).rejects.toMatchObject({ code: 'file.not-found' });
    if (subject.ownFirmware === false) return;
    await expect(rig.launch({ bios: join(rig.folder, 'nothing') })).rejects.toMatchObject({
      code: 'file.not-found',
    });
  });

  it.skipIf(subject.faultyImages === false)(
    'pauses when the disk of the host is full, and loses nothing when it goes on',
    async () => {
      const { machine, guest, recorded } = await rig.boot();
      expect(await guest.addOnDisk()).toBe(1);
      rig.images.writeFault = diskFull();
      const added = guest.addOnDisk();
      const problem = await within(recorded.problem, 'the pause');
      expect(problem.code).toBe('file.no-space');

      // It goes on only when it really can.
      await expect(machine.resume()).rejects.toMatchObject({ code: 'file.no-space' });
      await expect(machine.pause()).rejects.toMatchObject({ code: 'file.no-space' });
      rig.images.writeFault = undefined;
      await machine.resume();
      expect(await added).toBe(2);
      expect(await guest.numberOnDisk()).toBe(2);
      await machine.powerOff();
      expect(recorded.failures).toEqual([]);
      const again = await rig.boot();
      expect(await again.guest.numberOnDisk()).toBe(2);
    },
  );

  it.skipIf(subject.faultyImages === false)('can be powered off while the host is in trouble', async () => {
    const { machine, guest, recorded } = await rig.boot();
    rig.images.writeFault = diskFull();
    guest.addOnDisk().catch(() => {}); // its answer never comes
    await within(recorded.problem, 'the pause');
    rig.images.writeFault = undefined;
    await within(machine.powerOff(), 'power-off');
    expect(rig.images.open).toBe(0);
  });

  it('runs on when its image is deleted under it', async () => {
    const { guest } = await rig.boot();
    await rm(join(rig.folder, 'disk0.img'));
    expect(await guest.addOnDisk()).toBe(1);
    expect(await guest.numberOnDisk()).toBe(1);
  });
}
