import { cp, mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Job } from '@shared/ipc/contract';
import { jobEnd } from '../../test/helpers/core';
import { median } from '../median';
import { commandLineOf, startBare } from '../qemu/bare';
import { createDisk } from '../qemu/disk';
import { type Host, quiet, qemuPid, run, startHost, startMachine } from '../qemu/machines';
import type { BenchResult } from '../types';
import { timed } from './timed';
import { measureVirsh } from './virsh';

const rounds = 5;
const mebibyte = 1024 * 1024;
const savevmMs = 120_000;

/** A machine: its engine, its memory, and how much of that holds what nothing can compress. */
export interface MemoryCase {
  engine: 'qemu' | 'v86';
  memoryMiB: number;
  filledMiB: number;
  /** The longest that its guest may stand still, in milliseconds. */
  pauseLimitMs: number;
}
export const memoryCases: MemoryCase[] = [
  { engine: 'qemu', memoryMiB: 512, filledMiB: 150, pauseLimitMs: 100 },
  { engine: 'qemu', memoryMiB: 2048, filledMiB: 1000, pauseLimitMs: 100 },
  { engine: 'v86', memoryMiB: 512, filledMiB: 32, pauseLimitMs: 500 },
];

interface Measured {
  pauseMs: number;
  takeMs: number;
  restoreMs: number;
  bytes: number;
}

const fill = (mebibytes: number): string =>
  `mount -o remount,size=90% / 2>/dev/null; dd if=/dev/urandom of=/tmp/fill bs=1M count=${mebibytes} 2>/dev/null`;

async function done(host: Host, started: { jobId: string }): Promise<Job> {
  const job = await jobEnd(host.core, started);
  if (job.state !== 'done') throw new Error(`${job.kind}: ${JSON.stringify(job.error)}`);
  return job;
}

/** For how long the guest stood still at the last snapshot, in milliseconds, as its process says. */
async function lastPause({ core }: Host, id: string): Promise<number> {
  const text = (await core.handlers['machine.log']({ id })).join('\n');
  return Number([...text.matchAll(/stood still for (\d+) ms/g)].at(-1)?.[1]);
}

async function measureRound(host: Host, id: string): Promise<Measured> {
  const { handlers } = host.core;
  let snapshot = '';
  const takeMs = await timed(async () => {
    const { result } = await done(host, await handlers['snapshot.take']({ id, memory: true }));
    snapshot = (result as { snapshot: string }).snapshot;
  });
  const pauseMs = await lastPause(host, id);
  const { snapshots } = await handlers['snapshot.list']({ id });
  const { memoryBytes: bytes } = snapshots.find((one) => one.id === snapshot) ?? { memoryBytes: NaN };
  const restoreMs = await timed(async () => done(host, await handlers['snapshot.restore']({ id, snapshot })));
  await done(host, await handlers['snapshot.delete']({ id, snapshots: [snapshot] }));
  return { pauseMs, takeMs, restoreMs, bytes };
}

/** QEMU's internal snapshots of the same machine: the guest stands still for all of `savevm`. */
async function measureSavevm(host: Host, id: string, filledMiB: number): Promise<Measured[]> {
  const machine = host.core.machines.get(id).folder;
  // Of a machine that boots: one that goes on from a snapshot was told to wait for its memory.
  await host.core.handlers['machine.powerOff']({ id });
  const { answered } = await startMachine(host, id);
  await answered;
  const line = commandLineOf(qemuPid(host, id));
  await host.core.handlers['machine.powerOff']({ id });
  const folder = path.join(machine, 'bare');
  await mkdir(folder, { mode: 0o700 });
  const disks = path.join(folder, 'disks');
  await cp(path.join(machine, 'disks'), disks, { recursive: true });
  const [{ path: inner = '' } = {}] = host.core.machines.get(id).config?.disks ?? [];
  const disk = path.join(folder, inner);
  const bare = startBare(line, folder, [[path.join(machine, 'disks'), disks]]);
  const measured: Measured[] = [];
  try {
    await quiet(bare.terminal);
    await run(bare.terminal, fill(filledMiB));
    const client = await bare.control();
    const monitor = (command: string): Promise<unknown> =>
      client.execute('human-monitor-command', { 'command-line': command }, savevmMs);
    for (let round = 0; round < rounds; round++) {
      const { size: before } = await stat(disk);
      const takeMs = await timed(() => monitor(`savevm round${round}`));
      const bytes = (await stat(disk)).size - before;
      const restoreMs = await timed(() => monitor(`loadvm round${round}`));
      measured.push({ pauseMs: takeMs, takeMs, restoreMs, bytes });
    }
    client.close();
    return measured;
  } finally {
    await bare.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same guest's external snapshots by libvirt: nothing where that is not installed. */
async function againstVirsh(
  memoryMiB: number,
  filledMiB: number,
  ours: readonly Measured[],
): Promise<BenchResult[]> {
  const theirs = await measureVirsh(memoryMiB, fill(filledMiB), rounds);
  if (!theirs) return [];
  const result = (what: string, unit: string, value: number, peerValue: number): BenchResult => {
    const name = `snapshot, qemu, ${memoryMiB} MiB with ${filledMiB} of noise: ${what}, against libvirt`;
    const ratio = value / peerValue;
    return {
      name,
      value,
      unit,
      peer: 'virsh snapshot-create-as',
      peerValue,
      ratio,
      goal: 'ratio <= 1',
      ok: ratio <= 1,
    };
  };
  const pause = median(ours.map(({ pauseMs }) => pauseMs));
  const bytes = median(ours.map((one) => one.bytes));
  return [
    result('pause', 'ms', pause, median(theirs.map(({ takeMs }) => takeMs))),
    result('memory', 'MiB', bytes / mebibyte, median(theirs.map((one) => one.bytes)) / mebibyte),
  ];
}

/** Snapshots of one machine with its memory; on QEMU against `savevm` and `loadvm`. */
export async function benchMemory({
  engine,
  memoryMiB,
  filledMiB,
  pauseLimitMs,
}: MemoryCase): Promise<BenchResult[]> {
  const host = await startHost([
    {
      engine,
      memoryMiB,
      architecture: engine === 'v86' ? 'i386' : 'x86_64',
      disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: engine === 'v86' ? 'ide' : 'virtio' }],
    },
  ]);
  try {
    const [{ id } = { id: '' }] = host.machines;
    await createDisk(path.join(host.core.machines.get(id).folder, 'disks', 'disk0.qcow2'));
    const { terminal, answered } = await startMachine(host, id);
    await answered;
    await quiet(terminal);
    await run(terminal, fill(filledMiB));
    const ours: Measured[] = [];
    for (let round = 0; round < rounds; round++) ours.push(await measureRound(host, id));
    const peers = engine === 'qemu' ? await measureSavevm(host, id, filledMiB) : undefined;
    const virsh = engine === 'qemu' ? await againstVirsh(memoryMiB, filledMiB, ours) : [];
    const result = (
      what: string,
      unit: string,
      pick: (one: Measured) => number,
      goal: string,
      met: (value: number, ratio: number | null) => boolean,
    ): BenchResult => {
      const value = median(ours.map(pick));
      const peerValue = peers ? median(peers.map(pick)) : null;
      const ratio = peerValue === null ? null : value / peerValue;
      const name = `snapshot, ${engine}, ${memoryMiB} MiB with ${filledMiB} of noise: ${what}`;
      return {
        name,
        value,
        unit,
        peer: peers ? 'savevm, loadvm' : null,
        peerValue,
        ratio,
        goal,
        ok: met(value, ratio),
      };
    };
    return [
      result(
        'pause',
        'ms',
        ({ pauseMs }) => pauseMs,
        `<= ${pauseLimitMs} ms`,
        (value) => value <= pauseLimitMs,
      ),
      result(
        'taking',
        'ms',
        ({ takeMs }) => takeMs,
        'none: the guest runs',
        () => true,
      ),
      result(
        'restoring',
        'ms',
        ({ restoreMs }) => restoreMs,
        '<= 5000 ms',
        (value) => value <= 5000,
      ),
      result(
        'memory',
        'MiB',
        ({ bytes }) => bytes / mebibyte,
        'ratio <= 1.05',
        (_value, ratio) => (ratio ?? 0) <= 1.05,
      ),
      ...virsh,
    ];
  } finally {
    await host.close();
  }
}
