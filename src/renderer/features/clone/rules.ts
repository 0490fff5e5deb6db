import type { CloneEstimate } from '@shared/machine/clone';
import { hasProcess } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';

/** Why the present state of a machine cannot be cloned now; undefined when it can. */
export function presentRefusal(machine: Pick<MachineSummary, 'state'>): 'running' | undefined {
  return hasProcess(machine.state) ? 'running' : undefined;
}

/** Why images cannot be shared with a clone; undefined when they can, or nothing is known yet. */
export function linkRefusal(
  machine: Pick<MachineSummary, 'config'>,
  estimate: CloneEstimate | undefined,
): 'noDisk' | 'otherDrive' | undefined {
  if (machine.config?.disks.length === 0) return 'noDisk';
  return estimate && !estimate.linkable ? 'otherDrive' : undefined;
}

/** Bytes that are missing for a full clone; 0 when there are enough, or nobody knows. */
export function missingBytes(estimate: CloneEstimate, snapshots: boolean): number {
  if (estimate.freeBytes === null) return 0;
  return Math.max(0, (snapshots ? estimate.bytesWithSnapshots : estimate.bytes) - estimate.freeBytes);
}
