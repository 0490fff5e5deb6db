import { benchDelete } from './snapshot/delete';
import { benchMemory, memoryCases } from './snapshot/memory';
import { benchTen } from './snapshot/ten';
import type { Bench, BenchResult } from './types';

/** Snapshots with memory against QEMU's own, what ten of them occupy, and what deleting one costs. */
const bench: Bench = {
  name: 'snapshot',
  async run() {
    const results: BenchResult[] = [];
    for (const one of memoryCases) results.push(...(await benchMemory(one)));
    for (const engine of ['qemu', 'v86'] as const) results.push(await benchTen(engine));
    return [...results, await benchDelete()];
  },
};

export default bench;
