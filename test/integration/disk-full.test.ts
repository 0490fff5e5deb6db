import { mkdir, readFile, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { Job } from '@shared/ipc/contract';
import type { Core } from '../../src/main/core';
import { openDisk } from '../../src/main/disks/open-disk';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { numberOffset, tinyGuestDisk, tinyGuestReady } from '../helpers/boot-sector';
import {
  buildMain,
  type BuiltMain,
  failureCode,
  jobEnd,
  reached,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { testConfig } from '../helpers/machine-config';
import { sayWhySkipped } from '../helpers/programs';
import { checkImage, hasQemuImg } from '../helpers/qemu-img';
import { canMount, mountSmall } from '../helpers/small-file-system';
import { complaintsAbout } from '../helpers/snapshots';
import { Terminal } from '../helpers/terminal';

/** A machine whose folder lies on a drive that fills up while the guest writes: a real drive, and a real guest. */

const possible = await canMount();
if (!possible) sayWhySkipped('Machines on a full disk', 'mounting a file system takes root on Linux');

const mebibyte = 1024 * 1024;

/** Writes the disk so that only what the guest boots from takes room; its number gets room when it is written. */
const formats = {
  async raw(folder: string): Promise<string> {
    const path = join(folder, 'disk0.img');
    await writeFile(path, tinyGuestDisk().subarray(0, 5 * 512));
    await truncate(path, mebibyte);
    return path;
  },
  async qcow2(folder: string): Promise<string> {
    await writeFile(join(folder, 'base.img'), tinyGuestDisk());
    const path = join(folder, 'disk0.qcow2');
    await createQcow2(path, { virtualSize: mebibyte, backingFile: 'base.img' });
    return path;
  },
};

describe.skipIf(!possible)('a machine on a drive that is full', () => {
  let built: BuiltMain;
  let dataFolder: string;
  let drive: string;
  let disk: Awaited<ReturnType<typeof mountSmall>>;
  let core: Core;

  beforeAll(async () => {
    built = await buildMain();
  });
  afterAll(() => built?.remove());

  beforeEach(async () => {
    dataFolder = await temporaryFolder();
    drive = await temporaryFolder();
    disk = await mountSmall(drive, '4m');
    core = await testCore(built.folder, dataFolder);
  });
  afterEach(async () => {
    await core?.shutdown('power-off');
    await disk?.unmount();
    for (const folder of [dataFolder, drive]) await rm(folder, { recursive: true, force: true });
  });

  const filler = (): string => join(drive, 'filler');

  async function fill(): Promise<void> {
    // `write` takes what there is room for; so it is asked for more than there is.
    await writeFile(filler(), Buffer.alloc(8 * mebibyte)).catch(() => undefined);
    expect((await statfs(drive)).bavail).toBe(0);
  }

  /** The guest's number, as it stands on the disk when nobody uses it. */
  async function numberOn(path: string): Promise<number> {
    const device = await openDisk(path, { readOnly: true });
    try {
      return Buffer.from(await device.read(numberOffset, 2)).readUInt16LE();
    } finally {
      await device.close();
    }
  }

  /** A machine on the drive, its guest running. */
  async function running(format: keyof typeof formats) {
    const folder = join(drive, 'machine');
    await mkdir(join(folder, 'disks'), { recursive: true });
    const path = await formats[format](join(folder, 'disks'));
    const disks = [{ id: 'disk0', path: path.slice(folder.length + 1), bus: 'ide' as const }];
    await writeFile(join(folder, 'machine.json'), JSON.stringify(testConfig({ disks })));
    const { id } = await core.handlers['machine.open']({ path: folder });
    await core.handlers['machine.start']({ id });
    const runner = core.machines.power.processOf(core.machines.library.get(id));
    const guest = new Terminal(byteStreamOver(runner.openStream({ name: 'serial', port: 0 })));
    await guest.waitFor(tinyGuestReady);
    return { id, folder, path, guest };
  }

  /** The guest writes, and there is no room. */
  async function paused(id: string, guest: Terminal): Promise<void> {
    await fill();
    const pause = reached(core, id, 'paused');
    guest.type('w');
    await pause;
  }

  it.each(['raw', 'qcow2'] as const)(
    'pauses with the reason, goes on when there is room, and loses nothing (%s)',
    async (format) => {
      const { id, path, guest } = await running(format);
      await paused(id, guest);
      const { problem } = core.machines.get(id);
      expect(problem).toMatchObject({ code: 'file.no-space' });
      expect(problem?.hint).toBeTruthy();
      expect(guest.text).not.toMatch(/W[^]/);

      // Nothing has changed: it stays paused, with the reason.
      expect(await failureCode(core.handlers['machine.resume']({ id }))).toBe('file.no-space');
      expect(core.machines.get(id)).toMatchObject({ state: 'paused', problem: { code: 'file.no-space' } });

      await rm(filler());
      const resumed = await core.handlers['machine.resume']({ id });
      expect(resumed).toMatchObject({ state: 'running', problem: null });
      await guest.waitFor('W0001\n');
      expect(await guest.ask('w', '\n')).toBe('W0002\n');
      await core.handlers['machine.powerOff']({ id });
      expect(core.machines.get(id)).toMatchObject({ state: 'off', problem: null });
      expect(await numberOn(path)).toBe(2);
      if (format === 'qcow2' && hasQemuImg) expect(await checkImage(path)).toBe('');
    },
  );

  it('is not given up for a snapshot that there is no room to go back to (Incus #3188)', async () => {
    const { id, folder, guest } = await running('qcow2');
    const config = (): Promise<string> => readFile(join(folder, 'machine.json'), 'utf8');
    const done = async (started: { jobId: string }): Promise<Job> => jobEnd(core, started);
    const { result } = await done(await core.handlers['snapshot.take']({ id, memory: false }));
    const { snapshot } = result as { snapshot: string };
    const before = await config();
    await fill();
    const refused = await done(await core.handlers['snapshot.restore']({ id, snapshot }));
    expect(refused.error?.code).toBe('file.no-space');
    expect(core.machines.get(id).state).toBe('running');
    expect(await config()).toBe(before);
    await rm(filler());
    expect(await guest.ask('w', '\n')).toBe('W0001\n');
    expect((await done(await core.handlers['snapshot.restore']({ id, snapshot }))).error).toBeNull();
    expect(await complaintsAbout(folder)).toEqual([]);
  });

  it('can be powered off without room, and its disk is sound', async () => {
    const { id, folder, path, guest } = await running('qcow2');
    const config = await readFile(join(folder, 'machine.json'), 'utf8');
    await paused(id, guest);
    expect(await core.handlers['machine.powerOff']({ id })).toMatchObject({ state: 'off' });
    expect(await numberOn(path)).toBe(0);
    if (hasQemuImg) expect(await checkImage(path)).toBe('');
    expect(await readFile(join(folder, 'machine.json'), 'utf8')).toBe(config);

    await rm(filler());
    await core.handlers['machine.start']({ id });
    await core.handlers['machine.powerOff']({ id });
  });
});
