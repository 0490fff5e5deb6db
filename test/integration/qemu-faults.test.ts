import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { qemuStateVersion } from '@shared/engine/qemu/saved-state';
import { type ErrorValue, Failure } from '@shared/errors';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import { hardwareDigest } from '../../src/main/disks/saved-state/hardware-digest';
import { streamSavedState } from '../../src/main/disks/saved-state/reader';
import { SavedStateWriter } from '../../src/main/disks/saved-state/writer';
import { QmpClient } from '../../src/main/platform/qmp/qmp-client';
import type { EngineEvents, RunningMachine } from '../../src/main/processes/machine/engine';
import { qemuEngine } from '../../src/main/processes/machine/engines/qemu/qemu-engine';
import { testLaunch } from '../../src/main/processes/machine/engines/qemu/testing/matrix';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import { tinyGuest } from '../conformance/tiny-guest';
import { powerRegisters, tinyGuestDisk } from '../helpers/boot-sector';
import { testConfig, testPaths } from '../helpers/machine-config';
import { findProgram, sayWhySkipped } from '../helpers/programs';
import { temporaryFolder } from '../helpers/temp-folder';
import { Terminal } from '../helpers/terminal';

/** What goes wrong on the host while QEMU runs a machine. */

const qemu = findProgram('qemu-system-i386');
const known =
  qemu !== undefined &&
  spawnSync(qemu, ['-M', 'help'], { encoding: 'utf8' }).stdout.includes('pc-i440fx-7.2');
if (!known) sayWhySkipped('faults under QEMU', 'there is no qemu-system-i386 with pc-i440fx-7.2');
const canMount = process.platform === 'linux' && process.getuid?.() === 0;
if (!canMount) sayWhySkipped('a full disk under QEMU', 'only root can mount a small file system');

/** The record of the QEMU that runs a machine. */
async function recordOf(folder: string): Promise<string> {
  const name = (await readdir(folder)).find((entry) => entry.startsWith('.qemu-'));
  return readFile(join(folder, name ?? ''), 'utf8');
}

describe.skipIf(!known)('QEMU in trouble', () => {
  let folder: { path: string; remove: () => Promise<void> };
  let disk: string;
  const problems: ErrorValue[] = [];
  const failures: ErrorValue[] = [];
  const running: RunningMachine[] = [];
  const events: EngineEvents = {
    stopped: () => {},
    pausedByProblem: (problem) => void problems.push(problem),
    resumed: () => {},
    failed: (error) => void failures.push(error),
    pointer: () => {},
    screen: () => {},
    log: (line) => void logged.push(line),
  };
  const logged: string[] = [];
  const config = testConfig({ engine: 'qemu', disks: [{ id: 'disk0', path: 'disk0.img', bus: 'ide' }] });

  beforeEach(async () => {
    folder = await temporaryFolder('qemu-faults');
    disk = join(folder.path, 'disk0.img');
    await writeFile(disk, tinyGuestDisk(undefined, powerRegisters.qemu));
    problems.length = failures.length = logged.length = 0;
  });
  afterEach(async () => {
    for (const machine of running.splice(0)) await machine.powerOff();
    await folder.remove();
  });

  const pathsWith = (changes: Partial<LaunchPaths> = {}, launch: Parameters<typeof testLaunch>[1] = {}) =>
    testPaths(folder.path, {
      disks: { disk0: disk },
      qemu: testLaunch(config, { binary: qemu ?? '', ...launch }),
      ...changes,
    });

  async function launch(...args: Parameters<typeof pathsWith>) {
    const machine = await qemuEngine.launch(qemuEngine.plan(config, pathsWith(...args)), events);
    running.push(machine);
    const [here, there] = streamPair();
    const terminal = new Terminal(there);
    machine.connectSerial(0, here);
    const guest = tinyGuest(terminal);
    if (!args[0]?.savedState) await guest.ready();
    return { machine, guest, terminal };
  }

  const waitFor = async (what: string, condition: () => boolean): Promise<void> => {
    const end = performance.now() + 60_000;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`${what} did not happen`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  async function save(machine: RunningMachine): Promise<string> {
    await machine.pause();
    const path = join(folder.path, 'state.viv');
    const writer = await SavedStateWriter.create(path, {
      engine: 'qemu',
      engineVersion: qemuStateVersion,
      hardwareDigest: hardwareDigest(config),
    });
    await machine.saveState(writer);
    await writer.finish();
    return path;
  }

  it('refuses a disk that another QEMU writes to, in words of ours', async () => {
    const other = spawn(
      qemu ?? '',
      [
        '-nodefaults',
        '-display',
        'none',
        '-S',
        '-drive',
        `file=${disk},format=raw,if=ide`,
        '-monitor',
        'stdio',
      ],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    );
    const ended = new Promise((resolve) => other.once('exit', resolve));
    try {
      // It answers when it has its disk.
      let said = '';
      other.stdout.on('data', (data: Buffer) => (said += data.toString()));
      other.stdin.write('info block\n');
      await waitFor('the other QEMU has the disk', () => said.includes(`${disk} (raw)`));
      await expect(launch()).rejects.toMatchObject({ code: 'disk.in-use' });
      const left = (await readdir(folder.path)).filter((name) => name.startsWith('.qemu'));
      expect(left).toEqual([]);
    } finally {
      other.kill('SIGKILL');
      await ended;
    }
  });

  it('tells that a program is not there, or is none', async () => {
    await expect(launch({}, { binary: join(folder.path, 'nothing') })).rejects.toMatchObject({
      name: 'Failure',
    });
    await expect(launch({}, { machineType: 'pc-i440fx-1.0' })).rejects.toMatchObject({
      code: 'engine.unsupported',
    });
    expect(failures).toEqual([]);
  });

  it('refuses a saved state of another processor before QEMU sees it, and keeps it', async () => {
    const { machine } = await launch();
    const savedState = await save(machine);
    await machine.powerOff();
    await expect(launch({ savedState }, { cpuModel: 'qemu32' })).rejects.toMatchObject({
      code: 'saved-state.mismatch',
      cause: { message: expect.stringMatching(/processor “max”/) as string },
    });
    expect((await stat(savedState)).size).toBeGreaterThan(0);
    const again = await launch({ savedState });
    expect(await again.guest.multiply(6, 7)).toBe(42);
  });

  it('refuses a state that QEMU cannot load, and keeps it', async () => {
    const { machine } = await launch();
    const good = await save(machine);
    await machine.powerOff();
    const identity = {
      engine: 'qemu',
      engineVersion: qemuStateVersion,
      hardwareDigest: hardwareDigest(config),
    };
    const pieces: Uint8Array[] = [];
    await streamSavedState(good, identity, async (piece) => void pieces.push(piece.slice()));
    const data = Buffer.concat(pieces);
    const bad = join(folder.path, 'bad.viv');
    const writer = await SavedStateWriter.create(bad, identity);
    // Whole by its checksums, but what QEMU gets makes no sense from the middle on.
    await writer.write(data.subarray(0, 2000));
    await writer.write(Buffer.alloc(100_000, 0xa5));
    await writer.finish();
    await expect(launch({ savedState: bad })).rejects.toMatchObject({ code: 'saved-state.mismatch' });
    expect(await readdir(folder.path)).toContain('bad.viv');
  });

  it('passes keys on, with their prefixes', async () => {
    const { machine, terminal } = await launch();
    machine.sendScancodes([0x1e, 0x9e]);
    await terminal.waitFor('Pa');
    // Shift held, then the slash of the number pad, whose code has a prefix.
    machine.sendScancodes([0x2a, 0x30, 0xb0, 0xaa, 0xe0, 0x35, 0xe0, 0xb5]);
    await terminal.waitFor(/PB[^P]*P\//);
  });

  it('says what cannot be saved while the guest still runs', async () => {
    const { machine } = await launch();
    expect(await machine.saveObstacle?.()).toBeUndefined();
    await machine.powerOff();
    // QEMU has no way to save what an NVMe disk is doing.
    const second = join(folder.path, 'disk1.img');
    await writeFile(second, Buffer.alloc(1024 * 1024));
    const disks = [...config.disks, { id: 'disk1', path: 'disk1.img', bus: 'nvme' as const }];
    const paths = pathsWith({ disks: { disk0: disk, disk1: second } });
    const blocked = await qemuEngine.launch(qemuEngine.plan({ ...config, disks }, paths), events);
    running.push(blocked);
    const [here, there] = streamPair();
    blocked.connectSerial(0, here);
    const guest = tinyGuest(new Terminal(there));
    await guest.ready();
    expect(await blocked.saveObstacle?.()).toMatchObject({
      code: 'engine.unsupported',
      message: expect.stringContaining('NVMe') as string,
      cause: { message: expect.stringContaining('nvme') as string },
    });
    expect(await guest.multiply(3, 4)).toBe(12);
  });

  it('ends by force, and says so, when it hangs', async () => {
    const { machine, guest } = await launch();
    expect(await guest.addOnDisk()).toBe(1);
    const pid = Number(/"pid":(\d+)/.exec(await recordOf(folder.path))?.[1]);
    process.kill(pid, 'SIGSTOP');
    await machine.powerOff();
    expect(logged.join('\n')).toMatch(/did not end within 10 seconds .* ended by force/);
    expect(failures).toEqual([]);
    const again = await launch();
    expect(await again.guest.numberOnDisk()).toBe(1);
  });

  it('plugs a cable only into a card that is there', async () => {
    const { machine } = await launch();
    await expect(machine.setLink('nic0', false)).rejects.toMatchObject({ code: 'input.invalid' });
  });

  it('goes on when saving fails because the host’s disk is full', async () => {
    const { machine, guest } = await launch();
    await machine.pause();
    let written = 0;
    const full = {
      async write(data: Uint8Array) {
        written += data.length;
        if (written > 100_000) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      },
    };
    await expect(machine.saveState(full)).rejects.toMatchObject({ code: 'ENOSPC' });
    await machine.resume();
    expect(await guest.multiply(5, 5)).toBe(25);
    expect(await guest.addOnDisk()).toBe(1);
    // And the next attempt succeeds.
    const savedState = await save(machine);
    await machine.powerOff();
    const again = await launch({ savedState });
    expect(await again.guest.numberOnDisk()).toBe(1);
  });

  it('keeps the memory that it has loaded when QEMU does not say that the guest goes on', async () => {
    const { machine, guest } = await launch();
    expect(await guest.addOnDisk()).toBe(1);
    const savedState = await save(machine);
    await machine.powerOff();
    const execute = QmpClient.prototype.execute as (...args: unknown[]) => Promise<never>;
    let isHeard = false;
    const spy = vi.spyOn(QmpClient.prototype, 'execute').mockImplementation(function (
      this: QmpClient,
      ...args: unknown[]
    ) {
      if (args[0] === 'cont' && !isHeard)
        return Promise.reject(new Failure('timeout', 'No answer to “cont”'));
      return execute.apply(this, args);
    });
    try {
      const again = await launch({ savedState });
      expect(problems).toMatchObject([{ code: 'timeout' }]);
      isHeard = true;
      await again.machine.resume();
      expect(await again.guest.numberOnDisk()).toBe(1);
    } finally {
      spy.mockRestore();
    }
  });

  describe.skipIf(!canMount)('on a full file system', () => {
    let small: { path: string; remove: () => Promise<void> };
    beforeAll(async () => {
      small = await temporaryFolder('small');
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small.path]);
    });
    afterAll(async () => {
      execFileSync('umount', [small.path]);
      await small.remove();
    });

    it('pauses, says why, goes on only when it can, and loses nothing', async () => {
      const path = join(small.path, 'disk0.img');
      const file = await open(path, 'w');
      // Only the guest's code has blocks; the number's sector gets one when it is written.
      await file.write(tinyGuestDisk(undefined, powerRegisters.qemu).subarray(0, 2560));
      await file.truncate(1024 * 1024);
      await file.close();
      const filler = join(small.path, 'filler');
      await writeFile(filler, Buffer.alloc(512 * 1024)).catch(() => {}); // until it is full
      const { machine, guest } = await launch({ disks: { disk0: path } });
      const added = guest.addOnDisk();
      await waitFor('the pause', () => problems.length > 0);
      expect(problems[0]).toMatchObject({ code: 'file.no-space' });
      expect(problems[0]?.message).toContain(path);
      await expect(machine.resume()).rejects.toMatchObject({ code: 'file.no-space' });
      await expect(machine.pause()).rejects.toMatchObject({ code: 'file.no-space' });
      await rm(filler);
      await machine.resume();
      expect(await added).toBe(1);
      await machine.powerOff();
      const again = await launch({ disks: { disk0: path } });
      expect(await again.guest.numberOnDisk()).toBe(1);
      expect(failures).toEqual([]);
      for (const one of running.splice(0)) await one.powerOff();
    });
  });
});
