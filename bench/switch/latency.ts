import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../median';
import type { BenchResult } from '../types';
import { rounds, seconds, start, withSwitch } from './stations';

/** Microseconds. */
const latencyGoal = 100;

/** What the way through the switch adds to the time that a frame takes, in one direction. */
export async function addedLatency(built: string, folder: string, frames: string): Promise<BenchResult[]> {
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
