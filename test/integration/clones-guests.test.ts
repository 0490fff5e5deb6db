import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { Core } from '../../src/main/core';
import { tinyGuest } from '../conformance/tiny-guest';
import { tinyGuestDisk } from '../helpers/boot-sector';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  fakeSpec,
  jobEnd,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { starterLinuxIso } from '../helpers/machine-config';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { complaintsAbout } from '../helpers/snapshots';
import { Terminal } from '../helpers/terminal';

/** Guests on disks that two machines share: each reads what was there, and writes for itself alone. */

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

const folderOf = (id: string): string => core.machines.get(id).folder;
async function linkedClone(id: string, name: string, snapshot: string | null = null): Promise<string> {
  const started = await core.handlers['clone.create']({
    id,
    name,
    snapshot,
    kind: 'linked',
    snapshots: false,
    keepAddresses: false,
  });
  const job = await jobEnd(core, started);
  expect(job.error).toBeNull();
  return (job.result as { id: string }).id;
}
/** Every byte of a machine's images. */
async function imagesOf(id: string): Promise<Map<string, Buffer>> {
  const disks = join(folderOf(id), 'disks');
  const found = new Map<string, Buffer>();
  for (const name of await readdir(disks)) found.set(name, await readFile(join(disks, name)));
  return found;
}
const terminalOf = (id: string): Terminal => {
  const runner = core.machines.power.processOf(core.machines.library.get(id));
  return new Terminal(byteStreamOver(runner.openStream({ name: 'serial', port: 0 })));
};

const hasQemu = findProgram('qemu-system-i386') !== undefined;
if (!hasQemu) sayWhySkipped('linked clones with a guest on QEMU', 'there is no qemu-system-i386');

describe.each(['v86', ...(hasQemu ? ['qemu'] : [])] as ('v86' | 'qemu')[])(
  'linked clones on %s',
  (engine) => {
    it('run beside the machine that they are of, on images that both have open', async () => {
      const image = join(dataFolder, `${engine}.img`);
      await writeFile(image, tinyGuestDisk());
      const spec = { engine, guest: 'other', nicModel: null, disk: { kind: 'copy', path: image } } as const;
      const id = await createMachine(core, fakeSpec(`Parent on ${engine}`, spec));
      await core.handlers['machine.start']({ id });
      const parent = tinyGuest(terminalOf(id));
      await parent.ready();
      const number = await parent.addOnDisk();
      await core.handlers['machine.powerOff']({ id });
      const copy = await linkedClone(id, `Clone on ${engine}`);
      for (const one of [id, copy]) await core.handlers['machine.start']({ id: one });
      const [here, there] = [tinyGuest(terminalOf(id)), tinyGuest(terminalOf(copy))];
      await Promise.all([here.ready(), there.ready()]);
      expect(await here.numberOnDisk()).toBe(number);
      expect(await there.numberOnDisk()).toBe(number);
      expect(await there.addOnDisk()).toBe(number + 1);
      expect(await there.addOnDisk()).toBe(number + 2);
      expect(await here.numberOnDisk()).toBe(number);
      // Of a snapshot that was just taken while the guest runs, too.
      expect(await here.addOnDisk()).toBe(number + 1);
      const { result } = await jobEnd(core, await core.handlers['snapshot.take']({ id, memory: false }));
      const { snapshot } = result as { snapshot: string };
      expect(await here.addOnDisk()).toBe(number + 2);
      const third = await linkedClone(id, `Third on ${engine}`, snapshot);
      await core.handlers['machine.start']({ id: third });
      const later = tinyGuest(terminalOf(third));
      await later.ready();
      expect(await later.numberOnDisk()).toBe(number + 1);
      await core.handlers['machine.powerOff']({ id: third });
      expect(await complaintsAbout(folderOf(third))).toEqual([]);
      for (const one of [id, copy]) await core.handlers['machine.powerOff']({ id: one });
      for (const one of [id, copy]) expect(await complaintsAbout(folderOf(one))).toEqual([]);
    });
  },
);

const mke2fs = findProgram('mke2fs') ?? ['/sbin/mke2fs'].find((path) => existsSync(path));
const hasLinux = existsSync(starterLinuxIso) && mke2fs !== undefined;
if (!hasLinux)
  sayWhySkipped('a linked clone with Linux', 'Starter Linux has not been built, or there is no mke2fs');

describe.skipIf(!hasLinux)('a linked clone of a machine with Linux', () => {
  const bootMs = 180_000;
  /** Boots a machine and runs a command in its shell, once it has its `$disk`. */
  async function boot(id: string, command: string): Promise<string> {
    await core.handlers['machine.start']({ id });
    const terminal = terminalOf(id);
    await terminal.waitFor('Starter Linux ready', bootMs);
    await terminal.ask('\n', '# ', 120_000);
    const text = `until disk=$(ls /dev/[sv]da); do sleep 1; done 2>/dev/null; ${command}; echo en""d\n`;
    return terminal.ask(text, /\nend\r?\n/, 120_000);
  }

  it('boots, reads the file that was on the disk, and leaves the other machine as it was, byte for byte', async () => {
    const files = join(dataFolder, 'files');
    const image = join(dataFolder, 'linux.img');
    await mkdir(files);
    await writeFile(join(files, 'file'), 'kept in the parent\n');
    execFileSync(mke2fs ?? '', ['-q', '-t', 'ext4', '-d', files, image, '32M']);
    const spec = {
      // The tiny guest has been on both; Linux starts on this one in a fifth of the time.
      engine: hasQemu ? 'qemu' : 'v86',
      guest: 'starter-linux',
      memoryMiB: 100,
      boot: ['cdrom'],
      cdrom: starterLinuxIso,
      nicModel: null,
      disk: { kind: 'copy', path: image },
    } as const;
    const id = await createMachine(core, fakeSpec('Linux', { ...spec, boot: [...spec.boot] }));

    const copy = await linkedClone(id, 'Linux clone');
    const before = await imagesOf(id);
    const mounted = 'mkdir -p /mnt; mount -t ext4 $disk /mnt && cat /mnt/file';
    const said = await boot(copy, `${mounted}; echo "new in the clone" > /mnt/file; umount /mnt; sync`);
    expect(said).toMatch(/\nkept in the parent/);
    await core.handlers['machine.powerOff']({ id: copy });

    const after = await imagesOf(id);
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, bytes] of before) {
      expect(Buffer.compare(after.get(name) ?? Buffer.alloc(0), bytes), name).toBe(0);
    }
    for (const one of [id, copy]) expect(await complaintsAbout(folderOf(one))).toEqual([]);
  });
});
