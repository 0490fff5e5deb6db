import { Rig } from './gateway/rig';
import { throughput } from './gateway/throughput';
import { largestMtu } from './gateway/ways';
import type { Bench, BenchResult } from './types';

const mtus = [9000, largestMtu];

/** The same as `gateway` with large packets, which libslirp does not carry, and with a card of another kind. */
async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  const virtio = await Rig.start();
  if (!virtio) return [];
  try {
    const large = virtio.ways.filter((way) => way !== 'slirp');
    for (const mtu of mtus) {
      await virtio.setMtu(mtu);
      results.push(...(await throughput(virtio, large, `MTU ${mtu}`)));
    }
  } finally {
    await virtio.close();
  }
  const e1000 = await Rig.start('e1000');
  if (!e1000) return results;
  try {
    results.push(...(await throughput(e1000, e1000.ways, 'MTU 1500, e1000')));
  } finally {
    await e1000.close();
  }
  return results;
}

const bench: Bench = { name: 'gateway-cards', run };
export default bench;
