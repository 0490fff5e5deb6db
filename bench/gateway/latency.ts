import { median } from '../median';
import type { BenchResult } from '../types';
import type { Rig } from './rig';
import { peerNames, type PerWay, type Way } from './ways';

const rounds = 5;
const seconds = '1';
const roundTripGoal = 1.1;
const connectionsGoal = 0.9;

/** How long one byte takes there and back: the median and the 99th of a hundred, in microseconds. */
export async function roundTrips(rig: Rig): Promise<BenchResult[]> {
  const [p50, p99]: [PerWay<number[]>, PerWay<number[]>] = [{}, {}];
  for (let round = 0; round < rounds; round++) {
    for (const way of rig.ways) {
      const [middle, late] = numbersOf(await rig.tcp('ping', way));
      (p50[way] ??= []).push(middle);
      (p99[way] ??= []).push(late);
    }
  }
  const limit = {
    unit: 'µs',
    goal: `ratio <= ${roundTripGoal}`,
    isMet: (ratio: number) => ratio <= roundTripGoal,
  };
  return [
    ...compared('gateway, round trip of one byte, p50', p50, limit),
    ...compared('gateway, round trip of one byte, p99', p99, { ...limit, goal: '–', isMet: () => true }),
  ];
}

/** Connections that are opened, served one byte and closed, one after the other. */
export async function connections(rig: Rig): Promise<BenchResult[]> {
  const rates: PerWay<number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const way of rig.ways) {
      const [rate] = numbersOf(await rig.tcp('connect', way, seconds));
      (rates[way] ??= []).push(rate);
    }
  }
  return compared('gateway, connections one after the other', rates, {
    unit: '/s',
    goal: `ratio >= ${connectionsGoal}`,
    isMet: (ratio) => ratio >= connectionsGoal,
  });
}

/** The numbers in the last line; a prompt may be in front of them. */
function numbersOf(told: string): [number, number] {
  const [first = Number.NaN, second = Number.NaN] = (/(\d+)(?: (\d+))?\s*$/.exec(told)?.slice(1) ?? []).map(
    Number,
  );
  return [first, second];
}

interface Judgement {
  unit: string;
  goal: string;
  isMet(ratio: number): boolean;
}

function compared(name: string, values: PerWay<number[]>, { unit, goal, isMet }: Judgement): BenchResult[] {
  const of = (way: Way): number => median(values[way] ?? []);
  return (['slirp', 'passt'] as const)
    .filter((peer) => values[peer] !== undefined)
    .map((peer) => {
      const ratio = of('ours') / of(peer);
      const common = { name, value: of('ours'), unit, peer: peerNames[peer], peerValue: of(peer) };
      return { ...common, ratio, goal, ok: isMet(ratio) };
    });
}
