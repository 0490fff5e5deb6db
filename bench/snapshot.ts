import { benchDelete } from './snapshot/delete';
import { benchMemory, memoryCases } from './snapshot/memory';
import type { Bench, BenchResult } from './types';

/** Snapshots with memory against QEMU's own, and what deleting one costs. */
const bench: Bench = {
  name: 'snapshot',
  async run() {
    const results: BenchResult[] = [];
    for (const one of memoryCases) results.push(...(await benchMemory(one)));
    return [...results, await benchDelete()];
  },
};

export default bench;
