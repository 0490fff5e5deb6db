import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { Job } from '@shared/ipc/contract';
import type { Core } from '../../src/main/core';
import { chainOf } from '../../src/main/disks/chain/chain';
import { memoryBytes } from '../../src/main/snapshots/memory';
import { tinyGuest } from '../conformance/tiny-guest';
import { tinyGuestDisk } from '../helpers/boot-sector';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  fakeSpec,
  jobEnd,
  mergeEnd,
  reached,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { complaintsAbout } from '../helpers/snapshots';
import { Terminal } from '../helpers/terminal';

/** With a guest that counts in its memory and on its disk: after going back, both go on from there. */

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

const hasQemu = findProgram('qemu-system-i386') !== undefined;
if (!hasQemu) sayWhySkipped('snapshots with a guest on QEMU', 'there is no qemu-system-i386');
const engines = ['v86', ...(hasQemu ? ['qemu'] : [])] as ('v86' | 'qemu')[];

const done = async (started: Promise<{ jobId: string }> | { jobId: string }): Promise<Job> => {
  const job = await jobEnd(core, await started);
  expect(job.error).toBeNull();
  return job;
};

describe.each(engines)('snapshots with a guest on %s', (engine) => {
  const talk = (id: string) => {
    const runner = core.machines.power.processOf(core.machines.library.get(id));
    return tinyGuest(new Terminal(byteStreamOver(runner.openStream({ name: 'serial', port: 0 }))));
  };

  it('go back to the memory and the disk of that moment, several times and along branches', async () => {
    const image = join(dataFolder, `${engine}.img`);
    await writeFile(image, tinyGuestDisk());
    const spec = fakeSpec(`Guest on ${engine}`, {
      engine,
      memoryMiB: 512,
      guest: 'other',
      nicModel: null,
      disk: { kind: 'copy', path: image },
    });
    const id = await createMachine(core, spec);
    const { folder } = core.machines.get(id);
    await core.handlers['machine.start']({ id });
    let guest = talk(id);
    await guest.ready();
    const one = await guest.addOnDisk();
    const counted = await guest.counter();
    const take = async (memory: boolean): Promise<string> => {
      const job = await done(core.handlers['snapshot.take']({ id, memory }));
      return (job.result as { snapshot: string }).snapshot;
    };
    const began = performance.now();
    const first = await take(true);
    const totalMs = Math.round(performance.now() - began);
    const [{ memoryBytes: imageBytes = 0 } = {}] = (await core.handlers['snapshot.list']({ id })).snapshots;
    expect(await guest.counter()).toBeGreaterThan(counted);
    expect(await guest.addOnDisk()).toBe(one + 1);
    const second = await take(true);
    // What the memory of both has in common is stored once.
    const sizes = await memoryBytes(folder);
    expect(sizes.get(join(folder, 'snapshots', second, 'memory.viv'))?.shared).toBeGreaterThan(0);
    expect(await guest.addOnDisk()).toBe(one + 2);
    const ahead = await guest.counter();

    for (const [snapshot, number] of [
      [first, one],
      [second, one + 1],
      [first, one],
    ] as const) {
      await done(core.handlers['snapshot.restore']({ id, snapshot }));
      expect(core.machines.get(id).state).toBe('running');
      guest = talk(id);
      expect(await guest.numberOnDisk()).toBe(number);
      expect(await guest.multiply(6, 7)).toBe(42);
      expect(await guest.addOnDisk()).toBe(number + 1);
    }
    // It did not boot again: it counts on from the snapshot.
    expect(await guest.counter()).toBeGreaterThan(counted);
    expect(ahead).toBeGreaterThan(counted);

    // The one in use is deleted while the guest runs; then the rest, when it is off.
    await done(core.handlers['snapshot.delete']({ id, snapshots: [first] }));
    const present = join(folder, core.machines.get(id).config?.disks[0]?.path ?? '');
    expect(await guest.addOnDisk()).toBe(one + 2);
    expect(await mergeEnd(core, id)).toMatchObject({ state: 'done' });
    // Its space is back while the guest runs: there is nothing below the present image any more.
    expect(await chainOf(present)).toEqual([present]);
    expect(await readdir(join(folder, 'disks'))).toHaveLength(2);
    const { pid } = core.machines.get(id).runtime ?? {};
    expect(await guest.numberOnDisk()).toBe(one + 2);
    // A process that is killed has not lost anything of it. The embedded engine writes when it likes.
    if (engine === 'v86') await core.handlers['machine.pause']({ id });
    const aborted = reached(core, id, 'aborted');
    process.kill(pid ?? 0, 'SIGKILL');
    await aborted;
    await core.handlers['machine.start']({ id });
    guest = talk(id);
    await guest.ready();
    expect(await guest.numberOnDisk()).toBe(one + 2);
    // What the other one's memory had in common with it is still there.
    await done(core.handlers['snapshot.restore']({ id, snapshot: second }));
    guest = talk(id);
    expect(await guest.numberOnDisk()).toBe(one + 1);
    expect(await guest.multiply(6, 7)).toBe(42);
    expect(await guest.addOnDisk()).toBe(one + 2);
    await core.handlers['machine.powerOff']({ id });
    expect(await complaintsAbout(folder)).toEqual([]);
    await done(core.handlers['snapshot.delete']({ id, snapshots: [second] }));
    expect(await complaintsAbout(folder)).toEqual([]);
    await core.handlers['machine.start']({ id });
    guest = talk(id);
    await guest.ready();
    expect(await guest.numberOnDisk()).toBe(one + 2);
    await core.handlers['machine.powerOff']({ id });

    const log = await readFile(join(folder, 'logs', 'machine.log'), 'utf8');
    const pauses = [...log.matchAll(/stood still for (\d+) ms/g)].map((match) => Number(match[1]));
    expect(pauses).toHaveLength(2);
    console.info(
      `${engine}, 512 MiB: the guest stood still for ${pauses.join(' and ')} ms; ${totalMs} ms in all, ${imageBytes} bytes`,
    );
    for (const pause of pauses) expect(pause).toBeLessThan(5000);
    await expect(stat(join(folder, 'journal.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
