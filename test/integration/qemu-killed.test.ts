import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import { findStream } from '../../src/main/api/streams';
import type { Core } from '../../src/main/core';
import { tinyGuest } from '../conformance/tiny-guest';
import { powerRegisters, tinyGuestDisk } from '../helpers/boot-sector';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  fakeSpec,
  jobEnd,
  nextEvent,
  reached,
  resourcesFolder,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { Terminal } from '../helpers/terminal';

/**
 * QEMU, a machine's process and the whole program are killed while a guest writes to its disk. Every time the
 * machine starts again, what the guest had written is there, and no moment has two QEMUs on one disk.
 */

const usable = process.platform === 'linux' && findProgram('qemu-system-i386') !== undefined;
if (!usable) sayWhySkipped('killing QEMU', 'there is no qemu-system-i386, or the system has no /proc');
const qemuImg = findProgram('qemu-img');

describe.skipIf(!usable)('after a kill -9', () => {
  let built: BuiltMain;
  let dataFolder: string;
  let core: Core | undefined;
  let id: string;
  const path = process.env['PATH'];

  beforeAll(async () => {
    built = await buildMain({
      'machine-process': 'src/main/processes/machine/main.ts',
      'worker-process': 'src/main/processes/worker/main.ts',
      'switch-process': 'src/main/processes/switch/main.ts',
      'core-victim': 'test/helpers/core-victim.ts',
    });
    dataFolder = await temporaryFolder();
    const image = join(dataFolder, 'tiny.img');
    await writeFile(image, tinyGuestDisk(undefined, powerRegisters.qemu));
    core = await testCore(built.folder, dataFolder);
    id = await createMachine(
      core,
      fakeSpec('Killed', {
        engine: 'qemu',
        guest: 'freedos',
        nicModel: null,
        disk: { kind: 'copy', path: image },
      }),
    );
  });
  afterEach(() => {
    process.env['PATH'] = path;
  });
  afterAll(async () => {
    await core?.shutdown('power-off');
    for (const pid of qemus()) process.kill(pid, 'SIGKILL');
    await built?.remove();
    if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
  });

  const app = (): Core => {
    if (!core) throw new Error('The program does not run');
    return core;
  };

  /** The QEMUs that have this machine's disk on their command line. */
  function qemus(): number[] {
    const { stdout } = spawnSync('/bin/ps', ['-eo', 'pid=,stat=,args=', '-ww'], { encoding: 'utf8' });
    return stdout.split('\n').flatMap((line) => {
      const [, pid = '', stat = '', args = ''] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      const isQemu = /^\S*qemu-system/.test(args) && args.includes(dataFolder) && !stat.startsWith('Z');
      return isQemu ? [Number(pid)] : [];
    });
  }

  /** Starts the machine while somebody counts. */
  async function start(): Promise<{ guest: ReturnType<typeof tinyGuest>; qemu: number }> {
    let most = 0;
    const counter = setInterval(() => (most = Math.max(most, qemus().length)), 25);
    try {
      await app().handlers['machine.start']({ id });
    } finally {
      clearInterval(counter);
    }
    const [qemu = 0, ...others] = qemus();
    expect([qemu > 0, others, most <= 1]).toEqual([true, [], true]);
    const { runner, description } = findStream(app().machines, 'console.serial', { id, port: 0 });
    const guest = tinyGuest(new Terminal(byteStreamOver(runner.openStream(description))));
    await guest.ready();
    return { guest, qemu };
  }

  const processOfMachine = (): number => app().machines.get(id).runtime?.pid ?? 0;

  async function isWhole(expected: number): Promise<void> {
    const { guest } = await start();
    expect(await guest.numberOnDisk()).toBe(expected);
    await app().handlers['machine.powerOff']({ id });
    expect(qemus()).toEqual([]);
    const { folder, config } = app().machines.get(id);
    const disk = join(folder, config?.disks[0]?.path ?? '');
    if (qemuImg) execFileSync(qemuImg, ['check', disk], { stdio: 'ignore' });
  }

  it('of QEMU the machine is aborted, starts again, and has what was written', async () => {
    const { guest, qemu } = await start();
    const number = await guest.addOnDisk();
    process.kill(qemu, 'SIGKILL');
    await reached(app(), id, 'aborted');
    await isWhole(number);
  });

  it('of the machine’s process its QEMU goes as well', async () => {
    const { guest } = await start();
    const number = await guest.addOnDisk();
    process.kill(processOfMachine(), 'SIGKILL');
    await reached(app(), id, 'aborted');
    await isWhole(number);
  });

  /** What is done with the images of a machine that seems to be off must not find a QEMU that writes to them. */
  const snapshot = async (): Promise<void> => {
    const { error } = await jobEnd(app(), await app().handlers['snapshot.take']({ id, memory: false }));
    expect([error, qemus()]).toEqual([null, []]);
  };
  const nothing = async (): Promise<void> => {};
  it.each<[string, NodeJS.Signals | undefined, RegExp, () => Promise<void>]>([
    ['hangs', 'SIGSTOP', /did not end by itself within 5 seconds, and is killed/, nothing],
    // Last: nothing has been flushed to the new images, so that a QEMU that is killed may lose what it wrote.
    ['runs on', undefined, /earlier run still lives/, snapshot],
  ])(
    'of the machine’s process a QEMU that outlives it and %s is ended first, and that is said',
    async (_, signal, said, before) => {
      // Without setpriv nothing ends QEMU with its parent, as on systems that have no such thing.
      process.env['PATH'] = '/nowhere';
      const { guest, qemu } = await start();
      const number = await guest.addOnDisk();
      process.kill(processOfMachine(), 'SIGKILL');
      await reached(app(), id, 'aborted');
      expect(qemus()).toEqual([qemu]);
      if (signal) process.kill(qemu, signal);
      const notice = nextEvent(app(), (event) =>
        event.name === 'machine.notice' && event.value.id === id ? event.value.notice : undefined,
      );
      await before();
      await isWhole(number);
      expect(await notice).toMatchObject({ ref: { key: 'qemu.oldEnded', params: { name: 'Killed' } } });
      expect((await app().handlers['machine.log']({ id })).join('\n')).toMatch(said);
    },
    120_000,
  );

  it('of the whole program nothing runs on, and the next one starts the machine', async () => {
    await app().shutdown('power-off');
    core = undefined;
    const victim = spawn(
      process.execPath,
      [join(built.folder, 'core-victim.js'), built.folder, resourcesFolder, dataFolder, id],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const ended = once(victim, 'exit');
    let output = '';
    victim.stdout.on('data', (data: Buffer) => (output += data.toString()));
    await expect.poll(() => output).toMatch(/written \d+ by \d+/);
    expect(qemus()).toHaveLength(1);
    victim.kill('SIGKILL');
    await ended;
    // Their processes see that it is gone, and power their guests off.
    await expect.poll(qemus).toEqual([]);
    core = await testCore(built.folder, dataFolder);
    expect(app().machines.get(id)).toMatchObject({ state: 'off', inaccessible: false });
    await isWhole(Number(/written (\d+)/.exec(output)?.[1]));
  });
});
