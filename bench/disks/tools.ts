import { randomFillSync } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { mergeImages } from '../../src/main/disks/chain/merge';
import { exportDisk } from '../../src/main/disks/export';
import { openDisk } from '../../src/main/disks/open-disk';
import { checkQcow2 } from '../../src/main/disks/qcow2/check';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { qemuImg } from '../../test/helpers/qemu-img';
import { median } from '../median';
import type { BenchResult } from '../types';

const rounds = 5;
const mebibyte = 2 ** 20;
/** What the disk holds: half of it data, half zeros that were written. */
const filledMiB = 128;

async function makeDisk(image: string): Promise<void> {
  await createQcow2(image, { virtualSize: 4096 * mebibyte });
  const disk = await openDisk(image, { readOnly: false });
  const data = new Uint8Array(mebibyte);
  for (let at = 0; at < filledMiB; at++) {
    await disk.write(at * 2 * mebibyte, at % 2 === 0 ? randomFillSync(data) : new Uint8Array(mebibyte));
  }
  await disk.close();
}

/** The median time of a task in milliseconds; what it made is removed each time. */
async function timeOf(made: string, task: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await task();
    times.push(performance.now() - began);
    if (round < rounds - 1) await rm(made, { force: true });
  }
  return median(times);
}

function result(name: string, value: number, peer: string, peerValue: number, most: number): BenchResult {
  const ratio = value / peerValue;
  return { name, value, unit: 'ms', peer, peerValue, ratio, goal: `ratio <= ${most}`, ok: ratio <= most };
}

/**
 * Converting, compacting and checking a disk against QEMU's own tool. What we write is read back and compared, so
 * that the peer is `convert` with `compare` after it.
 */
export async function tools(at: (name: string) => string): Promise<BenchResult[]> {
  const [image, ours, theirs] = [at('image.qcow2'), at('ours'), at('theirs')];
  await makeDisk(image);
  const results: BenchResult[] = [];
  for (const format of ['raw', 'qcow2'] as const) {
    const target = `${ours}.${format === 'raw' ? 'img' : 'qcow2'}`;
    const mine = await timeOf(target, () => exportDisk({ source: image, target, format, from: 'library' }));
    const qemu = await timeOf(theirs, async () => {
      await qemuImg('convert', '-f', 'qcow2', '-O', format, image, theirs);
      await qemuImg('compare', '-f', 'qcow2', '-F', format, image, theirs);
    });
    results.push(result(`convert to ${format}, ${filledMiB} MiB, compared`, mine, 'qemu-img', qemu, 4));
    await rm(target);
    await rm(theirs);
  }
  const compacted = `${ours}-compacted.qcow2`;
  const mine = await timeOf(compacted, () =>
    mergeImages({ layers: [image], below: null, target: compacted }),
  );
  const qemu = await timeOf(theirs, async () => {
    await qemuImg('convert', '-f', 'qcow2', '-O', 'qcow2', image, theirs);
    await qemuImg('compare', '-f', 'qcow2', '-F', 'qcow2', image, theirs);
  });
  results.push(result(`compact ${filledMiB} MiB, compared`, mine, 'qemu-img', qemu, 4));
  const [mineSize, qemuSize] = [(await stat(compacted)).size, (await stat(theirs)).size];
  results.push({
    ...result(`compacted size`, mineSize, 'qemu-img', qemuSize, 1.01),
    unit: 'bytes',
  });
  const check = await timeOf(at('none'), () => checkQcow2(image));
  const qemuCheck = await timeOf(at('none'), () => qemuImg('check', '-f', 'qcow2', image));
  results.push(result('check the tables', check, 'qemu-img', qemuCheck, 10));
  return results;
}
