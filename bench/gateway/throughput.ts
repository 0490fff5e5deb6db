import { median } from '../median';
import type { BenchResult } from '../types';
import type { Rig } from './rig';
import { type Direction, peerNames, type PerWay, type Way } from './ways';

const rounds = 5;
/** Of one measurement, its first moments included. */
const seconds = '1.7';

/** What each direction is to be, compared with a peer. */
const goals = {
  send: { slirp: 1.8, passt: 1 },
  receive: { slirp: 1.3, passt: 1.3 },
} as const;
/** What carrying costs beside the guest may be that of a peer. */
const cpuGoal = 1.5;

interface Measured {
  /** Megabits a second. */
  rate: number;
  /** CPU seconds for a gigabyte, in the gateway and QEMU's main loop. */
  cpu: number;
}

/** TCP in both directions by every way, turn by turn. */
export async function throughput(rig: Rig, names: readonly Way[], what: string): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const direction of ['send', 'receive'] as const) {
    const measured = await inTurn(rig, names, direction);
    results.push(...compared(direction, what, measured));
  }
  return results;
}

async function inTurn(rig: Rig, names: readonly Way[], direction: Direction): Promise<PerWay<Measured>> {
  const all: PerWay<Measured[]> = {};
  const failed = new Set<Way>();
  for (let round = 0; round < rounds; round++) {
    for (const way of names.filter((name) => !failed.has(name))) {
      try {
        (all[way] ??= []).push(await measure(rig, way, direction));
      } catch (error) {
        // A peer that does not get through with a card (passt with e1000 at times) is no reason to measure nothing.
        if (way === 'ours') throw error;
        console.error(`${peerNames[way]} is left out: ${String(error)}`);
        failed.add(way);
        delete all[way];
      }
    }
  }
  return Object.fromEntries(
    Object.entries(all).map(([way, list]) => [
      way,
      { rate: median(list.map(({ rate }) => rate)), cpu: median(list.map(({ cpu }) => cpu)) },
    ]),
  );
}

async function measure(rig: Rig, way: Way, direction: Direction): Promise<Measured> {
  const before = rig.cpuSeconds(way);
  const { rate, bytes } = await rig.transfer(direction, way, seconds);
  const after = rig.cpuSeconds(way);
  const cpu = after.gateway - before.gateway + after.loop - before.loop;
  return { rate, cpu: cpu / (bytes / 1e9) };
}

function compared(direction: Direction, what: string, measured: PerWay<Measured>): BenchResult[] {
  const { ours } = measured;
  if (!ours) return [];
  const name = `gateway, guest ${direction === 'send' ? 'to' : 'from'} host, ${what}`;
  return (['slirp', 'passt'] as const).flatMap((peer) => {
    const theirs = measured[peer];
    if (!theirs) return [];
    const common = { peer: peerNames[peer] };
    const rate = ours.rate / theirs.rate;
    const cpu = ours.cpu / theirs.cpu;
    const goal = goals[direction][peer];
    return [
      {
        ...common,
        name,
        value: ours.rate,
        unit: 'Mbit/s',
        peerValue: theirs.rate,
        ratio: rate,
        goal: `ratio >= ${goal}`,
        ok: rate >= goal,
      },
      {
        ...common,
        name: `${name}, CPU seconds for 1 GB`,
        value: ours.cpu,
        unit: 's',
        peerValue: theirs.cpu,
        ratio: cpu,
        goal: `ratio <= ${cpuGoal}`,
        ok: cpu <= cpuGoal,
      },
    ];
  });
}
