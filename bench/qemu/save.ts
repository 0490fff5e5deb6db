import { cp, mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { jobEnd } from '../../test/helpers/core';
import { median } from '../median';
import type { BenchResult } from '../types';
import { commandLineOf, startBare } from './bare';
import { type Host, quiet, qemuPid, run, startHost, startMachine } from './machines';
import { createDisk } from './disk';

const rounds = 5;
const memoryMiB = 512;
/** Part of the memory that holds what nothing can compress, as a busy guest's does. */
const filledMiB = 96;
const mebibyte = 1024 * 1024;
/** Long enough for a bare QEMU to write its snapshot, in milliseconds. */
const savevmMs = 60_000;

interface Measured {
  saveMs: number;
  restoreMs: number;
  bytes: number;
}

const fill = `dd if=/dev/urandom of=/tmp/fill bs=1M count=${filledMiB} 2>/dev/null`;
const timed = async (task: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await task();
  return performance.now() - began;
};

/** Saving ends our machine, and restoring starts it again: each until it is done, and until the shell answers. */
async function measureOurs(host: Host, id: string): Promise<Measured> {
  const saveMs = await timed(async () => {
    const job = await jobEnd(host.core, await host.core.handlers['machine.save']({ id }));
    if (job.state !== 'done') throw new Error(`Saving: ${JSON.stringify(job.error)}`);
  });
  const { size: bytes } = await stat(path.join(host.core.machines.get(id).folder, 'saved', 'state.viv'));
  const restoreMs = await timed(async () => {
    const { terminal } = await startMachine(host, id);
    await run(terminal, ':');
  });
  return { saveMs, restoreMs, bytes };
}

/** QEMU's own way: a snapshot in its disk, and a new QEMU that begins with it. */
async function measureBare(host: Host, id: string): Promise<Measured[]> {
  const machine = host.core.machines.get(id).folder;
  const line = commandLineOf(qemuPid(host, id));
  await host.core.handlers['machine.powerOff']({ id });
  const folder = path.join(machine, 'bare');
  await mkdir(folder, { mode: 0o700 });
  const disks = path.join(folder, 'disks');
  await cp(path.join(machine, 'disks'), disks, { recursive: true });
  const disk = path.join(disks, 'disk0.qcow2');
  const moved = [[path.join(machine, 'disks'), disks]] as const;
  const measured: Measured[] = [];
  let bare = startBare(line, folder, moved);
  try {
    await quiet(bare.terminal);
    await run(bare.terminal, fill);
    for (let round = 0; round < rounds; round++) {
      const { size: before } = await stat(disk);
      const client = await bare.control();
      const saveMs = await timed(() =>
        client.execute('human-monitor-command', { 'command-line': `savevm round${round}` }, savevmMs),
      );
      const bytes = (await stat(disk)).size - before;
      await bare.kill();
      const restoreMs = await timed(async () => {
        bare = startBare(line, folder, moved, ['-loadvm', `round${round}`]);
        await run(bare.terminal, ':');
      });
      measured.push({ saveMs, restoreMs, bytes });
    }
    return measured;
  } finally {
    await bare.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

function compare(
  what: string,
  unit: string,
  ours: Measured[],
  bare: Measured[],
  pick: (one: Measured) => number,
  mostRatio: number,
): BenchResult {
  const [value, peerValue] = [median(ours.map(pick)), median(bare.map(pick))];
  const ratio = value / peerValue;
  return {
    name: `QEMU: ${what} of a ${memoryMiB} MiB guest`,
    value,
    unit,
    peer: 'savevm, loadvm',
    peerValue,
    ratio,
    goal: `ratio <= ${mostRatio}`,
    ok: ratio <= mostRatio,
  };
}

/** Saving and restoring a machine against QEMU's internal snapshots. */
export async function benchSave(): Promise<BenchResult[]> {
  const host = await startHost([
    { memoryMiB, disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'virtio' }] },
  ]);
  try {
    const [{ id } = { id: '' }] = host.machines;
    await createDisk(path.join(host.core.machines.get(id).folder, 'disks', 'disk0.qcow2'));
    const { terminal, answered } = await startMachine(host, id);
    await answered;
    await quiet(terminal);
    await run(terminal, fill);
    const ours: Measured[] = [];
    for (let round = 0; round < rounds; round++) ours.push(await measureOurs(host, id));
    await host.core.handlers['machine.powerOff']({ id });
    await (
      await startMachine(host, id)
    ).answered;
    const bare = await measureBare(host, id);
    return [
      compare('saving', 'ms', ours, bare, ({ saveMs }) => saveMs, 2),
      compare('restoring', 'ms', ours, bare, ({ restoreMs }) => restoreMs, 2),
      compare('the saved state', 'MiB', ours, bare, ({ bytes }) => bytes / mebibyte, 1),
    ];
  } finally {
    await host.close();
  }
}
