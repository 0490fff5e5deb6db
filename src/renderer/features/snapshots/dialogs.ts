import type { MachineSummary } from '@shared/machine/summary';
import type { Snapshot } from '@shared/snapshot/snapshot';
import { shallowRef } from 'vue';
import { reportError } from '../../ui/notify';

interface Asked {
  machine: MachineSummary;
  /** Takes an error of what the dialog began. */
  report: (error: unknown) => void;
}
export type TakeRequest = Asked;
export interface RestoreRequest extends Asked {
  snapshot: Snapshot;
}

/** The dialogs that are open; drawn by `SnapshotDialogs`. */
export const openTake = shallowRef<TakeRequest>();
export const openRestore = shallowRef<RestoreRequest>();

/** Asks how a snapshot is to be taken, and takes it. */
export function askTake(machine: MachineSummary, report: (error: unknown) => void = reportError): void {
  openTake.value = { machine, report };
}

/** Asks how a snapshot is to be restored, and restores it. */
export function askRestore(
  machine: MachineSummary,
  snapshot: Snapshot,
  report: (error: unknown) => void = reportError,
): void {
  openRestore.value = { machine, snapshot, report };
}
