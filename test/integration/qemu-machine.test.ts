import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { MachineSpec } from '@shared/machine/config';
import type { Core } from '../../src/main/core';
import { bootId } from '../../src/main/platform/file-lock';
import { processStart } from '../../src/main/platform/process-start';
import { endLeftovers, lives } from '../../src/main/platform/qemu-leftovers';
import { findStream } from '../../src/main/api/streams';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  fakeSpec,
  jobEnd,
  reached,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { starterLinuxIso } from '../helpers/machine-config';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { Terminal } from '../helpers/terminal';

const qemu = findProgram('qemu-system-x86_64');
const usable = qemu !== undefined && existsSync(starterLinuxIso);
if (!usable) sayWhySkipped('machines on QEMU', 'qemu-system-x86_64 or Starter Linux is missing');

const bootMs = 180_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 120_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await sleep(20);
  }
}

const alive = (pid: number): boolean => {
  const stat = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return stat !== '' && !stat.startsWith('Z');
};

describe.skipIf(!usable)('machines on QEMU', () => {
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

  const spec = (name: string, changes: Partial<MachineSpec> = {}): MachineSpec =>
    fakeSpec(name, {
      engine: 'qemu',
      architecture: 'x86_64',
      guest: 'starter-linux',
      memoryMiB: 160,
      boot: ['cdrom', 'disk'],
      cdrom: starterLinuxIso,
      disk: { kind: 'new', sizeMiB: 32 },
      ...changes,
    });

  function terminalOf(id: string): Terminal {
    const { runner, description } = findStream(core.machines, 'console.serial', { id, port: 0 });
    return new Terminal(byteStreamOver(runner.openStream(description)));
  }

  /** The QEMU that runs under a machine's process. */
  function qemuOf(id: string): number {
    const parent = core.machines.get(id).runtime?.pid ?? 0;
    const children = spawnSync('ps', ['-o', 'pid=,comm=', '--ppid', String(parent)], {
      encoding: 'utf8',
    }).stdout;
    return Number(/(\d+)\s+qemu/.exec(children)?.[1]);
  }

  const sh = async (terminal: Terminal, command: string, limitMs = 120_000): Promise<string> => {
    const text = await terminal.ask(`${command}; echo en""d\n`, /(?:^|\n)end\r?\n/, limitMs);
    return text.replace(/\r/g, '');
  };

  async function quiet(terminal: Terminal): Promise<void> {
    await terminal.waitFor('Starter Linux ready', bootMs);
    await terminal.ask('\n', '# ');
    await terminal.ask('stty -echo; PS1=; echo qui""et\n', /\nquiet\r?\n/);
  }

  it('tells what is here, and never takes an accelerator for granted', async () => {
    // Asked anew: what the setup of the run has found out does not count.
    await rm(join(dataFolder, 'cache'), { recursive: true, force: true });
    const report = await core.handlers['host.report']({});
    const engine = report.engines.find(({ capabilities }) => capabilities.id === 'qemu');
    expect(engine?.available).toBe(true);
    expect(engine?.capabilities.architectures).toContain('x86_64');
    expect(engine?.capabilities.machineTypes?.x86_64).toContainEqual(expect.stringMatching(/^pc-q35-\d/));
    const fact = report.facts.find(({ id }) => id === 'qemu-x86_64');
    expect(fact?.detail).toContain(qemu);
    expect(fact?.detail).toMatch(/TCG|works|does not work/);
    const remembered = await readdir(join(dataFolder, 'cache'));
    expect(remembered).toContain('qemu-emulators.json');
  });

  it('boots, computes, keeps data, and goes on from a saved state where it was', async () => {
    const id = await createMachine(core, spec('Linux, “64”'));
    expect(core.machines.get(id).config?.machineType).toMatch(/^pc-q35-\d+\.\d+$/);
    expect(core.machines.get(id).config?.disks[0]?.bus).toBe('virtio');
    await core.handlers['machine.start']({ id });
    let terminal = terminalOf(id);
    await quiet(terminal);
    expect(await sh(terminal, 'echo $((12345*6789))')).toContain('83810205');
    await sh(terminal, 'until [ -b /dev/vda ]; do sleep 1; done');
    await sh(terminal, 'echo kept > /dev/vda; sync');
    // The CD taken out and put in again while the guest runs.
    const readCd = 'echo read-$(head -c 40960 /dev/sr0 2>/dev/null | wc -c)';
    await core.handlers['machine.insertMedium']({ id, drive: 'cd0', path: null });
    expect(await sh(terminal, readCd)).toContain('read-0');
    await core.handlers['machine.insertMedium']({ id, drive: 'cd0', path: starterLinuxIso });
    // A drive says first that its medium is another one; reading works a moment later.
    expect(await sh(terminal, `for i in 1 2 3 4 5; do ${readCd}; sleep 1; done`)).toContain('read-40960');
    // A counter that shows every number once, if time does not jump. It runs beside the shell, which goes on reading:
    // an interrupt that comes while this shell starts a program is lost on it, whatever QEMU does.
    terminal.type('(i=0; while true; do i=$((i+1)); echo "n$i"; usleep 20000; done) & counter=$!\n');
    await terminal.waitFor(/n20\r?\n/);
    const job = await core.handlers['machine.save']({ id });
    expect(await jobEnd(core, job)).toMatchObject({ state: 'done', error: null });
    await reached(core, id, 'saved');
    const before = terminal.text;

    await core.handlers['machine.start']({ id });
    terminal = terminalOf(id);
    // Typed at once, and only once: nothing that is sent to a machine that has just been restored may be lost.
    terminal.type('echo fir""st\n');
    await terminal.waitFor(/n\d+\r?\n.*n\d+\r?\n/s);
    await terminal.waitFor(/first\r?\n/);
    await sleep(300);
    const numbers = (text: string): number[] =>
      [...text.matchAll(/n(\d+)\r?\n/g)].map((match) => Number(match[1]));
    const all = [...numbers(before), ...numbers(terminal.text)];
    // What the guest had written into its UART but nobody had read travels with it, so at most one line is cut.
    const gaps = all.slice(1).filter((value, index) => value !== (all[index] ?? 0) + 1);
    expect(gaps.length).toBeLessThanOrEqual(1);
    expect(new Set(all).size).toBe(all.length);
    expect(gaps.every((value) => value - (numbers(before).at(-1) ?? 0) <= 2)).toBe(true);
    // Waited for: without an echo this shell takes the signal of a child that ends for the end of its input.
    await sh(terminal, 'kill $counter; wait $counter');
    expect(await sh(terminal, 'echo $(head -c 4 /dev/vda)')).toContain('kept');

    const { png } = await core.handlers['machine.screenshot']({ id });
    expect(Buffer.from(png, 'base64').subarray(1, 4).toString()).toBe('PNG');
    await core.handlers['machine.powerButton']({ id });
    await reached(core, id, 'off', 120_000);
    expect((await readdir(core.machines.get(id).folder)).filter((name) => name.startsWith('.qemu'))).toEqual(
      [],
    );
  });

  it('says why a QEMU that was killed is gone, and starts again', async () => {
    const id = await createMachine(core, spec('Killed QEMU', { cdrom: null, boot: ['disk'] }));
    await core.handlers['machine.start']({ id });
    process.kill(qemuOf(id), 'SIGKILL');
    await reached(core, id, 'aborted');
    const { problem } = core.machines.get(id);
    expect(JSON.stringify(problem)).toMatch(/SIGKILL/);
    expect(JSON.stringify(problem)).toMatch(/Out of memory/);
    await core.handlers['machine.start']({ id });
    expect(core.machines.get(id).state).toBe('running');
    await core.handlers['machine.powerOff']({ id });
  });

  it('leaves no QEMU behind when its own process is killed, and opens no disk twice', async () => {
    const id = await createMachine(core, spec('Killed process', { cdrom: null, boot: ['disk'] }));
    await core.handlers['machine.start']({ id });
    const first = qemuOf(id);
    expect(first).toBeGreaterThan(0);
    process.kill(core.machines.get(id).runtime?.pid ?? 0, 'SIGKILL');
    await reached(core, id, 'aborted');
    await core.handlers['machine.start']({ id });
    expect(alive(first)).toBe(false);
    expect(qemuOf(id)).not.toBe(first);
    const disk = join(core.machines.get(id).folder, 'disks', 'disk0.qcow2');
    await core.handlers['machine.powerOff']({ id });
    if (findProgram('qemu-img')) execFileSync('qemu-img', ['check', disk], { stdio: 'ignore' });
  });

  it('gives a machine of the embedded engine a board of its own when it changes to QEMU, and takes it back', async () => {
    const id = await createMachine(
      core,
      spec('Changing', { engine: 'v86', architecture: 'i386', cdrom: null, boot: ['disk'] }),
    );
    expect(core.machines.get(id).config?.machineType).toBeUndefined();
    await core.handlers['machine.configure']({ id, settings: { engine: 'qemu' } });
    expect(core.machines.get(id).config?.machineType).toMatch(/^pc-i440fx-/);
    await core.handlers['machine.start']({ id });
    expect(qemuOf(id)).toBeGreaterThan(0);
    await core.handlers['machine.powerOff']({ id });
    await core.handlers['machine.configure']({ id, settings: { engine: 'v86' } });
    await core.handlers['machine.start']({ id });
    expect(qemuOf(id)).toBeNaN();
    await core.handlers['machine.powerOff']({ id });
  });

  it('runs two machines that know nothing of each other', async () => {
    const ids = await Promise.all(
      ['One', 'Two'].map((name) => createMachine(core, spec(name, { cdrom: null, boot: ['disk'] }))),
    );
    for (const id of ids) await core.handlers['machine.start']({ id });
    const [one = '', two = ''] = ids;
    process.kill(qemuOf(one), 'SIGKILL');
    await reached(core, one, 'aborted');
    expect(core.machines.get(two).state).toBe('running');
    await core.handlers['machine.powerOff']({ id: two });
  });

  it('gives a machine with UEFI variables of its own, and saves its state with them', async (context) => {
    const { capabilities } = (await core.handlers['host.engines']({})).find(
      (engine) => engine.capabilities.id === 'qemu',
    ) ?? { capabilities: undefined };
    if (!capabilities?.firmware.includes('uefi')) {
      sayWhySkipped('UEFI on QEMU', 'no OVMF is installed');
      context.skip();
      return;
    }
    const id = await createMachine(core, spec('UEFI', { firmware: 'uefi', cdrom: null, boot: ['disk'] }));
    await core.handlers['machine.start']({ id });
    const folder = join(core.machines.get(id).folder, 'firmware');
    const variables = join(folder, 'x86_64-variables.fd');
    const fresh = await readFile(variables);
    await until(
      'the firmware writes variables',
      async () => !(await readFile(variables)).equals(fresh),
      30_000,
    );
    const job = await core.handlers['machine.save']({ id });
    expect(await jobEnd(core, job)).toMatchObject({ state: 'done', error: null });
    await reached(core, id, 'saved');
    await core.handlers['machine.start']({ id });
    expect(core.machines.get(id).state).toBe('running');
    await core.handlers['machine.powerOff']({ id });
  });
});

describe.skipIf(!usable || process.platform === 'win32')('a QEMU that outlived its machine process', () => {
  it('is found by its record and ended; a stranger with its number is left alone', async () => {
    const folder = await temporaryFolder();
    const sockets = join(folder, 'q-test');
    await mkdir(sockets);
    const orphan = spawn(qemu ?? '', ['-M', 'none', '-nodefaults', '-display', 'none', '-S'], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => orphan.once('exit', resolve));
    const pid = orphan.pid ?? 0;
    try {
      await until('it runs', () => alive(pid));
      const record = (started: string | null, owner: { pid: number; started: string | null }) => ({
        pid,
        started,
        owner,
        bootId: '',
        sockets,
      });
      const write = async (value: object): Promise<void> =>
        writeFile(join(folder, `.qemu-${pid}.json`), JSON.stringify({ ...value, bootId: await bootId() }));
      const dead = { pid: 2 ** 22 + 1, started: '1' };
      const lines: string[] = [];
      const start = (await processStart(pid)) ?? null;

      // Its owner lives: none of our business.
      await write(record(start, { pid: process.pid, started: (await processStart(process.pid)) ?? null }));
      await endLeftovers(folder, (line) => lines.push(line));
      expect(alive(pid)).toBe(true);
      expect(lines).toEqual([]);

      // Another process has got the number since.
      await write(record('12', dead));
      await endLeftovers(folder, (line) => lines.push(line));
      expect(alive(pid)).toBe(true);
      expect(await readdir(folder)).not.toContain(`.qemu-${pid}.json`);

      // Where the system does not tell when it started, it may be the one: its disks are not opened then.
      const silent = (): Promise<string | undefined> => Promise.reject(new Error('too busy to tell'));
      expect(await lives(pid, start, silent)).toBe(true);
      expect(await lives(pid, null)).toBe(true);
      expect(await lives(dead.pid, null, silent)).toBe(false);

      await mkdir(sockets, { recursive: true });
      await write(record(start, dead));
      await endLeftovers(folder, (line) => lines.push(line));
      await ended;
      expect(alive(pid)).toBe(false);
      expect(lines.join('\n')).toMatch(/still lives/);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      orphan.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  });
});
