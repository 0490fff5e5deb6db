import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { MachineConfig } from '@shared/machine/config';
import { pictureCpuMs } from '../process-cpu';
import type { BenchResult } from '../types';
import { type Host, qemuPid, rest, startHost } from './machines';
import { pacedGuestDisk } from './paced-guest';

/** As wide as on the library's cards, in pixels. */
const width = 320;
const measuredMs = 20_000;
/** Part of one processor. */
const goal = 0.01;

const machine: Partial<MachineConfig> = {
  guest: 'other',
  memoryMiB: 64,
  boot: ['disk'],
  drives: [],
  disks: [{ id: 'disk0', path: 'disks/paced.img', bus: 'sata' }],
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What is computed beside the guest itself, as a part of one processor. */
async function load({ core }: Host, id: string, qemu: number): Promise<number> {
  const own = core.machines.get(id).runtime?.pid ?? 0;
  const used = (): number => pictureCpuMs(own) + pictureCpuMs(qemu);
  const [before, began] = [used(), performance.now()];
  await sleep(measuredMs);
  return (used() - before) / (performance.now() - began);
}

/** What a live thumbnail costs when every pixel of a 1280 × 800 screen changes all the time. */
export async function benchThumbnails(): Promise<BenchResult[]> {
  const host = await startHost([machine]);
  try {
    const [{ id } = { id: '' }] = host.machines;
    const folder = path.join(host.core.machines.get(id).folder, 'disks');
    await mkdir(folder);
    await writeFile(path.join(folder, 'paced.img'), pacedGuestDisk());
    await host.core.handlers['machine.start']({ id }, undefined);
    await rest();
    const qemu = qemuPid(host, id);
    const without = await load(host, id, qemu);
    const runner = host.core.machines.power.processOf(host.core.machines.library.get(id));
    const thumbnails = byteStreamOver(runner.openStream({ name: 'thumbnail', width }));
    let pictures = 0;
    thumbnails.onData(() => void pictures++);
    await sleep(1000);
    const value = (await load(host, id, qemu)) - without;
    if (pictures < 2) throw new Error('There were no live thumbnails to measure');
    await host.core.handlers['machine.powerOff']({ id }, undefined);
    return [
      {
        name: 'QEMU: live thumbnail of a screen that changes all over',
        value,
        unit: 'cores',
        peer: 'nobody looks',
        peerValue: without,
        ratio: value / goal,
        goal: `<= ${goal} cores`,
        ok: value <= goal,
      },
    ];
  } finally {
    await host.close();
  }
}
