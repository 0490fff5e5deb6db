import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { MachineConfig } from '@shared/machine/config';
import { ModelClient } from '../../src/main/processes/machine/rfb/testing/model-client';
import { powerRegisters, tinyGuestDisk } from '../../test/helpers/boot-sector';
import { median } from '../median';
import type { BenchResult } from '../types';
import { type CommandLine, commandLineOf, startBare } from './bare';
import { type Host, limitMs, quiet, qemuPid, ready, rest, startHost, startMachine } from './machines';

const rounds = 5;
const shortRounds = 11;
/** What a start may cost on top of QEMU's own, in milliseconds. */
const addedGoalMs = 150;
const speedGoal = 0.98;
const turns = 200_000;
/** The word is split, so that the echo of the command is not taken for its end. */
const loop = `i=0; while [ $i -lt ${turns} ]; do i=$((i+1)); done; echo loop-""over\n`;
const end = 'loop-over';

const tiny: Partial<MachineConfig> = {
  memoryMiB: 64,
  guest: 'other',
  boot: ['disk'],
  drives: [],
  disks: [{ id: 'disk0', path: 'disks/tiny.img', bus: 'sata' }],
};

interface Measured {
  shellMs: number;
  loopMs: number;
}

/** Takes every update that there is, as an open console does. */
async function watch(viewer: ModelClient): Promise<void> {
  await viewer.connect();
  viewer.setEncodings(0, -223);
  viewer.request(false);
  for (;;) {
    await viewer.update();
    viewer.request(true);
  }
}

/** A guest that says something as soon as its firmware lets it, in milliseconds. */
async function ourFirstByte(host: Host, id: string): Promise<number> {
  await rest();
  const startedAt = performance.now();
  const { firstByte, answered } = await startMachine(host, id);
  const firstByteMs = (await firstByte) - startedAt;
  await answered;
  return firstByteMs;
}

async function bareFirstByte(line: CommandLine, folder: string): Promise<number> {
  await mkdir(folder, { mode: 0o700 });
  const bare = startBare(line, folder);
  try {
    return (await bare.firstByte) - bare.startedAt;
  } finally {
    await bare.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Short rounds, of which there can be many: what is wanted is small beside what a computer does at times. */
async function benchFirstByte(): Promise<BenchResult> {
  const host = await startHost([tiny]);
  try {
    const [machine] = host.machines;
    if (!machine) throw new Error('There is no machine');
    const folder = host.folderOf(machine);
    await mkdir(path.join(folder, 'disks'));
    await writeFile(path.join(folder, 'disks', 'tiny.img'), tinyGuestDisk(undefined, powerRegisters.qemu));
    const off = () => host.core.handlers['machine.powerOff']({ id: machine.id });
    // What is found out about QEMU once is not what a start costs.
    await ourFirstByte(host, machine.id);
    const line = commandLineOf(qemuPid(host, machine.id));
    await off();
    const [ours, bare]: [number[], number[]] = [[], []];
    for (let round = 0; round < shortRounds; round++) {
      ours.push(await ourFirstByte(host, machine.id));
      await off();
      bare.push(await bareFirstByte(line, path.join(folder, 'bare')));
    }
    return added('QEMU: start to the first serial byte', ours, bare);
  } finally {
    await host.close();
  }
}

async function measureOurs(host: Host, id: string): Promise<Measured & { line: CommandLine }> {
  await rest();
  const startedAt = performance.now();
  const { terminal, answered } = await startMachine(host, id);
  await terminal.waitFor(ready, limitMs);
  const shellMs = performance.now() - startedAt;
  await answered;
  const line = commandLineOf(qemuPid(host, id));
  const runner = host.core.machines.power.processOf(host.core.machines.library.get(id));
  watch(new ModelClient(byteStreamOver(runner.openStream({ name: 'graphics' })))).catch(() => {}); // it ends under it
  await quiet(terminal);
  const loopAt = performance.now();
  await terminal.ask(loop, end, limitMs);
  const loopMs = performance.now() - loopAt;
  await host.core.handlers['machine.powerOff']({ id });
  return { shellMs, loopMs, line };
}

async function measureBare(line: CommandLine, folder: string): Promise<Measured> {
  await mkdir(folder, { mode: 0o700 });
  const bare = startBare(line, folder);
  try {
    await bare.terminal.waitFor(ready, limitMs);
    const shellMs = performance.now() - bare.startedAt;
    await quiet(bare.terminal);
    const loopAt = performance.now();
    await bare.terminal.ask(loop, end, limitMs);
    return { shellMs, loopMs: performance.now() - loopAt };
  } finally {
    await bare.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

function added(name: string, ours: number[], bare: number[]): BenchResult {
  const value = median(ours);
  const peerValue = median(bare);
  return {
    name,
    value,
    unit: 'ms',
    peer: 'bare QEMU',
    peerValue,
    ratio: value / peerValue,
    goal: `<= ${addedGoalMs} ms added`,
    ok: value - peerValue <= addedGoalMs,
  };
}

/** Our start of a guest against QEMU's own with the same arguments, and its speed with a console open. */
export async function benchStart(): Promise<BenchResult[]> {
  const first = await benchFirstByte();
  const host = await startHost([{}]);
  try {
    const [{ id } = { id: '' }] = host.machines;
    const { line } = await measureOurs(host, id);
    const ours: Measured[] = [];
    const bare: Measured[] = [];
    // In turns, so that both meet the same weather.
    for (let round = 0; round < rounds; round++) {
      ours.push(await measureOurs(host, id));
      bare.push(await measureBare(line, path.join(host.folderOf(host.machines[0]!), 'bare')));
    }
    const speeds = (list: Measured[]) => list.map(({ loopMs }) => turns / loopMs);
    const [value, peerValue] = [median(speeds(ours)), median(speeds(bare))];
    const ratio = value / peerValue;
    return [
      first,
      added(
        'QEMU: start to the shell',
        ours.map(({ shellMs }) => shellMs),
        bare.map(({ shellMs }) => shellMs),
      ),
      {
        name: 'QEMU: CPU loop with a console open',
        value,
        unit: 'turns/ms',
        peer: 'bare QEMU',
        peerValue,
        ratio,
        goal: `ratio >= ${speedGoal}`,
        ok: ratio >= speedGoal,
      },
    ];
  } finally {
    await host.close();
  }
}
