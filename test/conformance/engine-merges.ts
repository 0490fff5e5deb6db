import { rm, truncate } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { chainOf, createOverlay } from '../../src/main/disks/chain/chain';
import { openQcow2 } from '../../src/main/disks/qcow2/open';
import { checkImage, hasQemuImg } from '../helpers/qemu-img';
import { contentsOf } from '../helpers/snapshots';
import type { EngineRig } from './engine-rig';

const mebibyte = 2 ** 20;
/** Behind what guests have on their disks: old data, of which a part was made zeros later. */
const old = { from: 2 * mebibyte, to: 14 * mebibyte };
const zeroed = { from: 4 * mebibyte, to: 5 * mebibyte };

/** What deleted snapshots have left below a disk is merged into it, while the guest uses it. */
export function engineMerges(rig: EngineRig): void {
  const path = (name: string): string => join(rig.folder, name);
  const chain = async (name: string): Promise<string[]> =>
    (await chainOf(path(name))).map((one) => basename(one));

  /** top.qcow2, deleted.qcow2, disk0.img */
  async function makeChain(): Promise<void> {
    await truncate(path('disk0.img'), 16 * mebibyte);
    await createOverlay(path('deleted.qcow2'), path('disk0.img'));
    const deleted = await openQcow2(path('deleted.qcow2'), { readOnly: false });
    await deleted.write(old.from, new Uint8Array(old.to - old.from).fill(0xaa));
    await deleted.close();
    await createOverlay(path('top.qcow2'), path('deleted.qcow2'));
    const top = await openQcow2(path('top.qcow2'), { readOnly: false });
    await top.writeZeros(zeroed.from, zeroed.to - zeroed.from);
    await top.close();
  }

  async function expectOldData(name: string): Promise<void> {
    const found = (await contentsOf(path(name))).subarray(old.from, old.to);
    const expected = new Uint8Array(found.length).fill(0xaa);
    expected.fill(0, zeroed.from - old.from, zeroed.to - old.from);
    expect(Buffer.compare(found, expected)).toBe(0);
    if (hasQemuImg) expect(await checkImage(path(name))).toBe('');
  }

  it('merges images below a disk while its guest writes, also after a snapshot', async () => {
    await makeChain();
    const { machine, guest } = await rig.boot({ disks: { disk0: path('top.qcow2') } });
    let number = 0;
    const merge = async (below: string | null): Promise<void> => {
      let merging = true;
      const merged = machine.mergeDisk?.('disk0', below, {}).finally(() => (merging = false));
      do number = await guest.addOnDisk();
      while (merging);
      await merged;
    };
    const nowhere = machine.mergeDisk?.('disk0', 'nowhere.qcow2', {});
    await expect(nowhere).rejects.toMatchObject({ code: 'input.invalid' });
    await expect(machine.mergeDisk?.('disk9', null, {})).rejects.toMatchObject({ code: 'input.invalid' });

    await merge('disk0.img');
    expect(await chain('top.qcow2')).toEqual(['top.qcow2', 'disk0.img']);
    await rm(path('deleted.qcow2'));
    await createOverlay(path('next.qcow2'), path('top.qcow2'));
    const { memory } = await machine.takeSnapshot(new Map([['disk0', path('next.qcow2')]]), null);
    await memory;
    await merge('disk0.img');
    expect(await chain('next.qcow2')).toEqual(['next.qcow2', 'disk0.img']);
    await rm(path('top.qcow2'));
    await merge(null);
    expect(await chain('next.qcow2')).toEqual(['next.qcow2']);
    await rm(path('disk0.img'));
    expect(await guest.numberOnDisk()).toBe(number);
    await machine.powerOff();

    await expectOldData('next.qcow2');
    const again = await rig.boot({ disks: { disk0: path('next.qcow2') } });
    expect(await again.guest.numberOnDisk()).toBe(number);
  });

  it('ends a merge when it is told to, and with the machine: nothing has changed then', async () => {
    await makeChain();
    const { machine, guest } = await rig.boot({ disks: { disk0: path('top.qcow2') } });
    const ended = new AbortController();
    const merged = machine.mergeDisk?.('disk0', 'disk0.img', {
      signal: ended.signal,
      onProgress: () => ended.abort(),
    });
    await expect(merged).rejects.toMatchObject({ code: 'cancelled' });
    expect(await chain('top.qcow2')).toEqual(['top.qcow2', 'deleted.qcow2', 'disk0.img']);
    const number = await guest.addOnDisk();
    const cut = machine.mergeDisk?.('disk0', 'disk0.img', {}).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'cancelled' });
    });
    await machine.powerOff();
    await cut;
    await expectOldData('top.qcow2');
    const again = await rig.boot({ disks: { disk0: path('top.qcow2') } });
    expect(await again.guest.numberOnDisk()).toBe(number);
  });
}
