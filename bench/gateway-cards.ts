import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { buildMain } from '../test/helpers/core';
import { findProgram } from '../test/helpers/programs';
import { memoryOfFlows } from './gateway/flows';
import { Rig } from './gateway/rig';
import { throughput } from './gateway/throughput';
import { largestMtu } from './gateway/ways';
import type { Bench, BenchResult } from './types';

const mtus = [9000, largestMtu];

/**
 * The same as `gateway` with large packets, which libslirp does not carry, and with a card of another kind; and what
 * many connections take.
 */
async function run(): Promise<BenchResult[]> {
  const results = await flows();
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

async function flows(): Promise<BenchResult[]> {
  // Passt lets go of its rights before it makes its socket: the folder must be anybody's.
  const folder = await mkdtemp('/tmp/vivarium-bench-');
  await chmod(folder, 0o777);
  const built = await buildMain({ 'switch-process': 'src/main/processes/switch/main.ts' });
  try {
    return await memoryOfFlows(built.folder, folder, findProgram('passt'));
  } finally {
    await built.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

const bench: Bench = { name: 'gateway-cards', run };
export default bench;
