import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { jobEnd } from '../../test/helpers/core';
import { createDisk } from '../qemu/disk';
import { quiet, startHost, startMachine } from '../qemu/machines';
import type { BenchResult } from '../types';

const count = 10;
const memoryMiB = 512;
const mebibyte = 1024 * 1024;
/** Between two snapshots, in milliseconds: the guest is idle, but it lives. */
const betweenMs = 1000;
/** Of all ten to ten times the first. */
const mostOfTenTimes = 0.2;

/** What lies in some of a machine's folders, in bytes. */
async function bytesIn(machine: string, folders: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const folder of folders) {
    const place = path.join(machine, folder);
    for (const entry of await readdir(place, { recursive: true, withFileTypes: true }).catch(() => [])) {
      if (entry.isFile()) bytes += (await stat(path.join(entry.parentPath, entry.name))).size;
    }
  }
  return bytes;
}

/** Ten snapshots with memory of an idle guest, one after the other: what they occupy. */
export async function benchTen(engine: 'qemu' | 'v86'): Promise<BenchResult> {
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
    const { folder } = host.core.machines.get(id);
    await createDisk(path.join(folder, 'disks', 'disk0.qcow2'));
    const { terminal, answered } = await startMachine(host, id);
    await answered;
    await quiet(terminal);
    const sizes: number[] = [];
    for (let round = 0; round < count; round++) {
      await new Promise((resolve) => setTimeout(resolve, betweenMs));
      const job = await jobEnd(host.core, await host.core.handlers['snapshot.take']({ id, memory: true }));
      if (job.state !== 'done') throw new Error(`${job.kind}: ${JSON.stringify(job.error)}`);
      sizes.push(await bytesIn(folder, ['snapshots', 'memory', 'disks']));
    }
    const [first = 0, last = 0] = [sizes[0], sizes.at(-1)];
    const ratio = last / (first * count);
    return {
      name: `snapshot, ${engine}, ${memoryMiB} MiB, idle: ten in a row`,
      value: last / mebibyte,
      unit: 'MiB',
      peer: 'ten times the first',
      peerValue: (first * count) / mebibyte,
      ratio,
      goal: `ratio <= ${mostOfTenTimes}`,
      ok: ratio <= mostOfTenTimes,
    };
  } finally {
    await host.close();
  }
}
