import type { BenchResult } from '../types';
import type { Rig } from './rig';

const runs = 50;
const seconds = '0.6';
/** A pause this long in the middle of a transfer is a stall, in milliseconds: longer than any scheduler's. */
const stallMs = 1000;

/** Many short transfers, to and fro in turn: none may stand still. */
export async function stalls(rig: Rig): Promise<BenchResult[]> {
  let stalled = 0;
  let longest = 0;
  for (let run = 0; run < runs; run++) {
    const direction = run % 2 === 0 ? 'send' : 'receive';
    const { longestGapMs, bytes } = await rig.transfer(direction, 'ours', seconds);
    longest = Math.max(longest, longestGapMs);
    if (longestGapMs > stallMs || bytes === 0) stalled++;
  }
  const common = { peer: null, peerValue: null, ratio: null };
  return [
    {
      ...common,
      name: `gateway, transfers that stall, of ${runs}`,
      value: stalled,
      unit: '',
      goal: '0',
      ok: stalled === 0,
    },
    {
      ...common,
      name: `gateway, longest pause in ${runs} transfers`,
      value: longest,
      unit: 'ms',
      goal: `<= ${stallMs}`,
      ok: longest <= stallMs,
    },
  ];
}
