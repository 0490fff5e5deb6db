import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import { typesOf } from '@shared/engine/qemu/platform';
import { findStream } from '../../src/main/api/streams';
import type { Core } from '../../src/main/core';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  jobEnd,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { starterLinuxIso } from '../helpers/machine-config';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { Terminal } from '../helpers/terminal';

const usable = findProgram('qemu-system-i386') !== undefined && existsSync(starterLinuxIso);
if (!usable) sayWhySkipped('changing engines', 'qemu-system-i386 or Starter Linux is missing');

const bootMs = 180_000;

describe.skipIf(!usable)('a Linux with a disk', () => {
  let built: BuiltMain;
  let dataFolder: string;
  let core: Core;
  let id: string;

  beforeAll(async () => {
    built = await buildMain();
    dataFolder = await temporaryFolder();
    core = await testCore(built.folder, dataFolder);
    id = await createMachine(
      core,
      fakeSpec('Traveller', {
        engine: 'v86',
        guest: 'starter-linux',
        memoryMiB: 160,
        boot: ['cdrom', 'disk'],
        cdrom: starterLinuxIso,
        nicModel: 'virtio',
        disk: { kind: 'new', sizeMiB: 4 },
      }),
    );
  });
  afterAll(async () => {
    await core?.shutdown('power-off');
    await built?.remove();
    if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
  });

  const config = () => core.machines.get(id).config;

  /** Boots, runs a command in the guest's shell, and powers off. */
  async function inGuest(command: string): Promise<string> {
    await core.handlers['machine.start']({ id });
    const { runner, description } = findStream(core.machines, 'console.serial', { id, port: 0 });
    const terminal = new Terminal(byteStreamOver(runner.openStream(description)));
    await terminal.waitFor('Starter Linux ready', bootMs);
    // The first prompt asks the terminal where its cursor is, and takes what comes then for the answer.
    await terminal.ask('\n', '# ');
    await terminal.ask('stty -echo; PS1=; echo qui""et\n', /\nquiet\r?\n/, bootMs);
    const text = await terminal.ask(`${command}; echo en""d\n`, /(?:^|\n)end\r?\n/, bootMs);
    await core.handlers['machine.powerOff']({ id });
    return text;
  }
  /** The kernel looks for disks beside the start of the shell. */
  const disk = 'until [ -b /dev/sda ]; do sleep 1; done';
  const mount = `${disk}; mkdir -p /mnt; mount -t ext4 /dev/sda /mnt`;

  it('goes from the embedded engine to QEMU and back and to QEMU again, and finds its file every time', async () => {
    expect(config()).toMatchObject({ engine: 'v86', disks: [{ bus: 'ide' }] });
    await core.handlers['machine.configure']({ id, settings: { engine: 'qemu' } });
    expect(config()).toMatchObject({ engine: 'qemu', disks: [{ bus: 'ide' }], nics: [{ model: 'virtio' }] });
    expect(config()?.machineType).toMatch(/^pc-i440fx-/);
    await inGuest(
      `${disk}; mke2fs.e2fsprogs -q -F -t ext4 -O ^has_journal /dev/sda; ${mount} && echo on qemu > /mnt/file; sync; umount /mnt`,
    );

    await core.handlers['machine.configure']({ id, settings: { engine: 'v86' } });
    expect(config()).not.toHaveProperty('machineType');
    expect(await inGuest(`${mount} && cat /mnt/file && echo on v86 >> /mnt/file; sync; umount /mnt`)).toMatch(
      /on qemu\r?\n/,
    );

    await core.handlers['machine.configure']({ id, settings: { engine: 'qemu' } });
    expect(await inGuest(`${mount} && cat /mnt/file; umount /mnt`)).toMatch(/on qemu\r?\non v86\r?\n/);
  });

  it('keeps its hardware version until another is chosen, and takes the old one back', async () => {
    const qemu = (await core.handlers['host.engines']({})).find(
      ({ capabilities }) => capabilities.id === 'qemu',
    );
    const versions = typesOf('pc-i440fx', qemu?.capabilities.machineTypes?.i386 ?? []);
    const [newest = '', older = ''] = versions;
    expect(config()?.machineType).toBe(newest);
    const change = (machineType: string) =>
      core.handlers['machine.configure']({ id, settings: { machineType } });
    await change(older);
    await core.handlers['machine.start']({ id });
    // Not while it runs, and not while a saved state knows the old one.
    expect(await failureCode(change(newest))).toBe('machine.wrong-state');
    await jobEnd(core, await core.handlers['machine.save']({ id }));
    expect(core.machines.get(id).state).toBe('saved');
    expect(await failureCode(change(newest))).toBe('machine.wrong-state');
    await core.handlers['machine.discardSavedState']({ id });
    await change(newest);
    expect(config()?.machineType).toBe(newest);
    expect(await failureCode(change('pc-i440fx-99.0'))).toBe('engine.unsupported');
    expect(config()?.machineType).toBe(newest);
  });
});
