import { connections, roundTrips } from './gateway/latency';
import { Rig } from './gateway/rig';
import { stalls } from './gateway/stalls';
import { throughput } from './gateway/throughput';
import type { Bench, BenchResult } from './types';

/**
 * TCP between a guest and this computer through the gateway, and through QEMU's user networking and passt: one guest
 * with a card on each of them, measured in turn.
 */
async function run(): Promise<BenchResult[]> {
  const rig = await Rig.start();
  if (!rig) return [];
  try {
    return [
      ...(await throughput(rig, rig.ways, 'MTU 1500')),
      ...(await roundTrips(rig)),
      ...(await connections(rig)),
      ...(await stalls(rig)),
    ];
  } finally {
    await rig.close();
  }
}

const bench: Bench = { name: 'gateway', run };
export default bench;
