import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rpcClient } from '@shared/ipc/rpc';
import { switchProcessCommands, switchProcessEvents } from '@shared/ipc/switch-process';
import { captureRequest } from '@shared/network/capture';
import { defaultNetwork } from '@shared/network/config';
import { nodeProcessHost } from '../src/main/platform/node-process-host';
import type { HostedProcess } from '../src/main/platform/process-host';
import { findProgram, sayWhySkipped } from '../test/helpers/programs';
import { temporaryFolder } from '../test/helpers/temp-folder';
import { buildMain } from '../test/helpers/core';
import { median } from './median';
import type { Bench, BenchResult } from './types';

const rounds = 5;
const seconds = '1.5';
const sizes = [64, 1514];
/** What our rate is to be, compared with a peer's. */
const goals = { vde_switch: 2, 'QEMU hubport': 1.3 } as const;
const largeFrame = 65_000;
/** Gbit/s. */
const largeGoal = 8;
/** Microseconds. */
const latencyGoal = 100;

/** How a round of our switch is done. */
interface Setting {
  /** A capture: not at all, one that has ended, or one that goes on. */
  capture?: 'ended' | 'running';
}

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

type Plug = (port: string, path: string) => Promise<void>;
type Unplug = (port: string) => Promise<void>;

/** A switch process of its own, for as long as `use` takes. */
async function withSwitch<T>(
  built: string,
  folder: string,
  use: (plug: Plug, unplug: Unplug, rpc: ReturnType<typeof client>) => Promise<T>,
): Promise<T> {
  const process = nodeProcessHost(built).start('switch-process', 'bench');
  const rpc = client(process);
  const card = { machine: 'aaaaaaaaaaaaaaaa', name: 'bench', mac: '52:54:00:00:00:01' };
  try {
    await rpc.call('configure', {
      network: { ...defaultNetwork(), kind: 'isolated' },
      leasesPath: join(folder, 'leases.json'),
    });
    return await use(
      (port, path) => rpc.call('plug', { port, path, ...card }),
      (port) => rpc.call('unplug', { port }),
      rpc,
    );
  } finally {
    process.kill();
    await process.exited;
  }
}

function client(process: HostedProcess) {
  return rpcClient(process, switchProcessCommands, switchProcessEvents, (reason) => console.error(reason));
}

function throughOurs(
  built: string,
  folder: string,
  frames: string,
  size: number,
  { capture }: Setting,
): Promise<number> {
  return withSwitch(built, folder, async (plug, unplug, rpc) => {
    if (capture) await rpc.call('startCapture', captureRequest.parse({ port: null }));
    if (capture === 'ended') await rpc.call('stopCapture', {});
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    const counter = start(frames, ['count', `unix:${to}`, String(size), seconds]);
    await plug('to', to);
    await sleep(300);
    const sender = start(frames, ['send', `unix:${from}`, String(size), seconds]);
    await plug('from', from);
    const rate = await counter.output;
    await sender.output;
    await unplug('from');
    await unplug('to');
    execFileSync('rm', ['-f', from, to]);
    return rate;
  });
}

/** A hub of QEMU's, which connects to both stations. */
async function throughHub(program: string, folder: string, frames: string, size: number): Promise<number> {
  const [from, to] = [join(folder, 'hub-from'), join(folder, 'hub-to')];
  const counter = start(frames, ['count', `unix:${to}`, String(size), seconds]);
  const sender = start(frames, ['send', `unix:${from}`, String(size), seconds]);
  await sleep(300);
  const plug = (id: string, path: string): string[] => [
    ...['-netdev', `stream,id=${id},server=off,addr.type=unix,addr.path=${path}`],
    ...['-netdev', `hubport,id=${id}-hub,hubid=0,netdev=${id}`],
  ];
  const hub = spawn(
    program,
    [
      '-nodefaults',
      '-no-user-config',
      '-display',
      'none',
      '-M',
      'none',
      ...plug('to', to),
      ...plug('from', from),
    ],
    { stdio: 'ignore' },
  );
  try {
    const rate = await counter.output;
    await sender.output;
    return rate;
  } finally {
    hub.kill('SIGKILL');
    await ended(hub);
    execFileSync('rm', ['-f', from, to]);
  }
}

/** What the way through the switch adds to the time that a frame takes, in one direction. */
async function addedLatency(built: string, folder: string, frames: string): Promise<BenchResult[]> {
  const [direct, through]: [Latency[], Latency[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    direct.push(await pingDirectly(folder, frames));
    through.push(await pingThrough(built, folder, frames));
  }
  const added = (which: keyof Latency): number =>
    (median(through.map((one) => one[which])) - median(direct.map((one) => one[which]))) / 2;
  const common = { unit: 'µs', peer: null, peerValue: null, ratio: null };
  const p50 = added('p50');
  return [
    {
      ...common,
      name: 'switch, added latency, p50',
      value: p50,
      goal: `< ${latencyGoal}`,
      ok: p50 < latencyGoal,
    },
    { ...common, name: 'switch, added latency, p99', value: added('p99'), goal: '–', ok: true },
  ];
}

interface Latency {
  p50: number;
  p99: number;
}

async function pingDirectly(folder: string, frames: string): Promise<Latency> {
  const path = join(folder, 'ping');
  const pinger = start(frames, ['ping', `unix:${path}`, '60', seconds]);
  await sleep(200);
  const echo = start(frames, ['echo', `connect:${path}`, '60', seconds]);
  const latency = latencyOf(await pinger.text);
  await echo.text;
  execFileSync('rm', ['-f', path]);
  return latency;
}

function pingThrough(built: string, folder: string, frames: string): Promise<Latency> {
  return withSwitch(built, folder, async (plug, unplug) => {
    const [from, to] = [join(folder, 'ping'), join(folder, 'echo')];
    const echo = start(frames, ['echo', `unix:${to}`, '60', seconds]);
    await plug('to', to);
    await sleep(300);
    const pinger = start(frames, ['ping', `unix:${from}`, '60', seconds]);
    await plug('from', from);
    const latency = latencyOf(await pinger.text);
    await unplug('from');
    await unplug('to');
    await echo.text;
    execFileSync('rm', ['-f', from, to]);
    return latency;
  });
}

function latencyOf(text: string): Latency {
  const [p50 = Number.NaN, p99 = Number.NaN] = text.split(' ').map(Number);
  return { p50, p99 };
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

function start(program: string, args: string[]): { output: Promise<number>; text: Promise<string> } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  // Closed, not only ended: all that it has printed is here.
  const whole = new Promise<string>((done) => child.on('close', () => done(text)));
  return { output: whole.then(Number), text: whole };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.on('exit', () => done());
  });
}

const bench: Bench = { name: 'switch', run };
export default bench;
