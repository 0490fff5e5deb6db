import { execFile } from 'node:child_process';
import { copyFile, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { BlockDevice } from '../../src/main/disks/block-device';
import { openDisk } from '../../src/main/disks/open-disk';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { median } from '../median';
import type { BenchResult } from '../types';

const run = promisify(execFile);
const mebibyte = 2 ** 20;
/** How much of a disk is filled, and read or written in sequence. */
const spanMiB = 128;
const randomRequests = 10_000;
const randomBytes = 4096;

interface Request {
  offset: number;
  length: number;
}

interface Workload {
  name: string;
  write: boolean;
  /** From an image that is empty, so that clusters are allocated on the way. */
  empty: boolean;
  requests: readonly Request[];
}

const inSequence = Array.from({ length: spanMiB }, (_, index) => ({
  offset: index * mebibyte,
  length: mebibyte,
}));

/** The same places in every run. */
function scattered(): Request[] {
  let state = 12345;
  return Array.from({ length: randomRequests }, () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    const slots = (spanMiB * mebibyte) / randomBytes;
    return { offset: Math.floor((state / 2 ** 32) * slots) * randomBytes, length: randomBytes };
  });
}

const atRandom = scattered();
const workloads: Workload[] = [
  { name: 'sequential read, 1 MiB', write: false, empty: false, requests: inSequence },
  { name: 'sequential write, 1 MiB', write: true, empty: false, requests: inSequence },
  { name: 'sequential write to an empty disk, 1 MiB', write: true, empty: true, requests: inSequence },
  { name: 'random read, 4 KiB', write: false, empty: false, requests: atRandom },
  { name: 'random write, 4 KiB', write: true, empty: false, requests: atRandom },
  { name: 'random write to an empty disk, 4 KiB', write: true, empty: true, requests: atRandom },
];

/** Seconds that our driver takes, with all that it wrote made durable. */
async function ours(path: string, { write, requests }: Workload): Promise<number> {
  const disk: BlockDevice = await openDisk(path, { readOnly: !write });
  const data = new Uint8Array(mebibyte).fill(0x5a);
  const began = performance.now();
  for (const { offset, length } of requests) {
    if (write) await disk.write(offset, data.subarray(0, length));
    else await disk.read(offset, length);
  }
  await disk.flush();
  const seconds = (performance.now() - began) / 1000;
  await disk.close();
  return seconds;
}

/** The same of qemu-io, one request after the other, too; less what it takes to start and end. */
async function theirs(path: string, { write, requests }: Workload): Promise<number> {
  const timed = async (commands: readonly string[]): Promise<number> => {
    // Its own default makes every single write durable, which no guest asks for.
    const options = ['-t', 'writeback', '-f', 'qcow2', ...(write ? [] : ['-r']), path];
    const began = performance.now();
    await run('qemu-io', [...commands.flatMap((command) => ['-c', command]), ...options]);
    return (performance.now() - began) / 1000;
  };
  const verb = write ? 'write -q -P 0x5a' : 'read -q';
  const idle = await timed(['flush']);
  const busy = await timed([...requests.map(({ offset, length }) => `${verb} ${offset} ${length}`), 'flush']);
  return Math.max(busy - idle, 1e-6);
}

/** How fast guests' requests are on our driver and on QEMU's, one at a time, on copies of the same image. */
export async function throughput(at: (name: string) => string, rounds = 5): Promise<BenchResult[]> {
  const [empty, full, work] = [at('empty.qcow2'), at('full.qcow2'), at('work.qcow2')];
  await createQcow2(empty, { virtualSize: 2 * spanMiB * mebibyte });
  await copyFile(empty, full);
  const fill = { name: '', write: true, empty: true, requests: inSequence };
  await ours(full, fill);
  const results: BenchResult[] = [];
  for (const load of workloads) {
    const bytes = load.requests.reduce((sum, { length }) => sum + length, 0);
    const speeds: { mine: number[]; qemu: number[] } = { mine: [], qemu: [] };
    // The first round is not counted: JavaScript is compiled in it.
    for (let round = 0; round <= rounds; round++) {
      for (const [speed, task] of [
        [speeds.mine, ours],
        [speeds.qemu, theirs],
      ] as const) {
        await copyFile(load.empty ? empty : full, work);
        const seconds = await task(work, load);
        if (round > 0) speed.push(bytes / mebibyte / seconds);
        await rm(work);
      }
    }
    const [value, peerValue] = [median(speeds.mine), median(speeds.qemu)];
    const ratio = value / peerValue;
    const [name, unit, peer, goal] = [load.name, 'MiB/s', 'qemu-io', 'ratio >= 0.5'];
    results.push({ name, value, unit, peer, peerValue, ratio, goal, ok: ratio >= 0.5 });
  }
  return results;
}
