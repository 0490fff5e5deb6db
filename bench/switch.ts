import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rpcClient } from '@shared/ipc/rpc';
import { switchProcessCommands, switchProcessEvents } from '@shared/ipc/switch-process';
import { defaultNetwork } from '@shared/network/config';
import { nodeProcessHost } from '../src/main/platform/node-process-host';
import { findProgram, sayWhySkipped } from '../test/helpers/programs';
import { temporaryFolder } from '../test/helpers/temp-folder';
import { buildMain } from '../test/helpers/core';
import { median } from './median';
import type { Bench, BenchResult } from './types';

const rounds = 5;
const seconds = '1.5';
const sizes = [64, 1514];
const goal = 2;
const largeFrame = 65_000;
/** Gbit/s. */
const largeGoal = 8;

/** How a round of our switch is done. */
interface Setting {
  /** A capture: not at all, one that has ended, or one that goes on. */
  capture?: 'ended' | 'running';
}

/** Frames a second from one station to another: our switch, and vde_switch in the same run, turn by turn. */
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
    for (const size of sizes) {
      const [value, peerValue] = await inTurn(
        () => ours(size),
        () => throughVde(vde, folder.path, frames, size),
      );
      results.push(compared(`switch, frames of ${size} bytes`, value, 'vde_switch', peerValue, goal));
    }
    results.push(await largeFrames(ours), ...(await captureCost(ours)));
    return results;
  } finally {
    await built.remove();
    await folder.remove();
  }
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

async function throughOurs(
  built: string,
  folder: string,
  frames: string,
  size: number,
  { capture }: Setting,
): Promise<number> {
  const process = nodeProcessHost(built).start('switch-process', 'bench');
  const rpc = rpcClient(process, switchProcessCommands, switchProcessEvents, (reason) =>
    console.error(reason),
  );
  try {
    await rpc.call('configure', {
      network: { ...defaultNetwork(), kind: 'isolated' },
      leasesPath: join(folder, 'leases.json'),
    });
    if (capture) await rpc.call('startCapture', { port: null });
    if (capture === 'ended') await rpc.call('stopCapture', {});
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    const common = { machine: 'aaaaaaaaaaaaaaaa', name: 'bench', mac: '52:54:00:00:00:01' };
    const counter = start(frames, ['count', `unix:${to}`, String(size), seconds]);
    await rpc.call('plug', { port: 'to', path: to, ...common });
    await sleep(300);
    const sender = start(frames, ['send', `unix:${from}`, String(size), seconds]);
    await rpc.call('plug', { port: 'from', path: from, ...common });
    const rate = await counter.output;
    await sender.output;
    await rpc.call('unplug', { port: 'from' });
    await rpc.call('unplug', { port: 'to' });
    execFileSync('rm', ['-f', from, to]);
    return rate;
  } finally {
    process.kill();
    await process.exited;
  }
}

async function throughVde(program: string, folder: string, frames: string, size: number): Promise<number> {
  const path = join(folder, 'vde');
  const bridge = spawn(program, ['-s', path, '-x'], { stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    await sleep(300);
    const counter = start(frames, ['count', `vde:${path}`, String(size), seconds]);
    await sleep(300);
    const sender = start(frames, ['send', `vde:${path}`, String(size), seconds]);
    const rate = await counter.output;
    await sender.output;
    return rate;
  } finally {
    bridge.kill('SIGKILL');
    await ended(bridge);
    execFileSync('rm', ['-rf', path]);
  }
}

function start(program: string, args: string[]): { output: Promise<number> } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  return { output: ended(child).then(() => Number(text)) };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.on('exit', () => done());
  });
}

const bench: Bench = { name: 'switch', run };
export default bench;
