import type { CpuTopology, MachineConfig } from '../../machine/config';
import { isPc, type Platform } from './platform';

/**
 * The rule for how processors are arranged. Where nothing was chosen, all of them are cores of one socket: desktop
 * editions of Windows use one or two sockets only, some licences count sockets, and threads of a core would make a
 * guest expect that two of them share what they do not share here.
 */
export function topologyOf({ cpus, topology }: Pick<MachineConfig, 'cpus' | 'topology'>): CpuTopology {
  return topology ?? { sockets: 1, cores: cpus, threads: 1 };
}

/** How many processors an arrangement has. */
export function processorCount({ sockets, cores, threads }: CpuTopology): number {
  return sockets * cores * threads;
}

/** Whether cores can have several threads: PCs only, whose guests learn of them by CPUID. */
export function hasThreads(platform: Platform): boolean {
  return isPc(platform);
}
