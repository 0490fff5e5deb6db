import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildMain } from '../test/helpers/core';
import { findProgram, sayWhySkipped } from '../test/helpers/programs';
import { temporaryFolder } from '../test/helpers/temp-folder';
import { median } from './median';
import { addedLatency } from './switch/latency';
import { type Setting, throughHub, throughOurs, throughVde } from './switch/rates';
import { rounds } from './switch/stations';
import type { Bench, BenchResult } from './types';

const sizes = [64, 1514];
/** What our rate is to be, compared with a peer's. */
const goals = { vde_switch: 2, 'QEMU hubport': 1.3 } as const;
const largeFrame = 65_000;
/** Gbit/s. */
const largeGoal = 8;

/** Frames from one station to another through our switch, vde_switch and a hub of QEMU's, turn by turn. */
async function run(): Promise<BenchResult[]> {
  const vde = findProgram('vde_switch');
  const compiler = findProgram('cc', 'gcc');
  if (!vde || !compiler || !existsSync('/usr/include/libvdeplug.h')) {
    sayWhySkipped('switch', 'it needs vde_switch, libvdeplug-dev and a C compiler');
    return [];
  }
  const folder = await temporaryFolder('bench-switch');
  const built = await buildMain({ 'switch-process': 'src/main/processes/switch/main.ts' });
  const frames = join(folder.path, 'frames');
  try {
    const source = resolve(import.meta.dirname, 'peers/frames.c');
    execFileSync(compiler, ['-O2', '-o', frames, source, '-lvdeplug']);
    const ours = (size: number, setting: Setting = {}): Promise<number> =>
      throughOurs(built.folder, folder.path, frames, size, setting);
    const results: BenchResult[] = [];
    for (const size of sizes)
      results.push(...(await againstPeers(size, ours, { vde, folder: folder.path, frames })));
    results.push(await largeFrames(ours), ...(await captureCost(ours)));
    results.push(...(await addedLatency(built.folder, folder.path, frames)));
    return results;
  } finally {
    await built.remove();
    await folder.remove();
  }
}

interface Peers {
  vde: string;
  folder: string;
  frames: string;
}

/** Frames a second of one size through every switch, turn by turn. */
async function againstPeers(
  size: number,
  ours: (size: number) => Promise<number>,
  { vde, folder, frames }: Peers,
): Promise<BenchResult[]> {
  const qemu = findProgram('qemu-system-x86_64', 'qemu-system-i386');
  const [mine, vdes, hubs]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    mine.push(await ours(size));
    vdes.push(await throughVde(vde, folder, frames, size));
    if (qemu) hubs.push(await throughHub(qemu, folder, frames, size));
  }
  const name = `switch, frames of ${size} bytes`;
  const result = (peer: keyof typeof goals, rates: number[]): BenchResult =>
    compared(name, median(mine), peer, median(rates), goals[peer]);
  return [result('vde_switch', vdes), ...(qemu ? [result('QEMU hubport', hubs)] : [])];
}

/** As large as guests send where their cards and the network allow it; vde_switch does not carry such. */
async function largeFrames(ours: (size: number) => Promise<number>): Promise<BenchResult> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) rates.push(await ours(largeFrame));
  const value = (median(rates) * largeFrame * 8) / 1e9;
  return {
    name: `switch, frames of ${largeFrame} bytes`,
    value,
    unit: 'Gbit/s',
    peer: null,
    peerValue: null,
    ratio: null,
    goal: `>= ${largeGoal}`,
    ok: value >= largeGoal,
  };
}

/** What capturing takes while it goes on, and once it has ended: nothing. */
async function captureCost(
  ours: (size: number, setting?: Setting) => Promise<number>,
): Promise<BenchResult[]> {
  const size = 1514;
  const [ended, never] = await inTurn(
    () => ours(size, { capture: 'ended' }),
    () => ours(size),
  );
  const [running, without] = await inTurn(
    () => ours(size, { capture: 'running' }),
    () => ours(size),
  );
  return [
    compared('switch, with a capture that has ended', ended, 'without', never, 0.95),
    compared('switch, with a capture that goes on', running, 'without', without, 0.25),
  ];
}

/** The medians of two measurements that are made in turn. */
async function inTurn(a: () => Promise<number>, b: () => Promise<number>): Promise<[number, number]> {
  const [as, bs]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    as.push(await a());
    bs.push(await b());
  }
  return [median(as), median(bs)];
}

function compared(name: string, value: number, peer: string, peerValue: number, least: number): BenchResult {
  const ratio = value / peerValue;
  return {
    name,
    value,
    unit: 'frames/s',
    peer,
    peerValue,
    ratio,
    goal: `ratio >= ${least}`,
    ok: ratio >= least,
  };
}

const bench: Bench = { name: 'switch', run };
export default bench;
