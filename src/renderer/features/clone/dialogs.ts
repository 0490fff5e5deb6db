import type { MachineSummary } from '@shared/machine/summary';
import { shallowRef } from 'vue';
import { reportError } from '../../ui/notify';

export interface CloneAsked {
  machine: MachineSummary;
  /** The snapshot that is cloned unless the person chooses otherwise; null for the present state. */
  snapshot: string | null;
  /** Takes an error of what the dialog began. */
  report: (error: unknown) => void;
}

/** The dialog that is open; drawn by `CloneDialog`. */
export const openClone = shallowRef<CloneAsked>();

/** Asks how a machine is to be cloned, and clones it. */
export function askClone(
  machine: MachineSummary,
  snapshot: string | null = null,
  report: (error: unknown) => void = reportError,
): void {
  openClone.value = { machine, snapshot, report };
}
