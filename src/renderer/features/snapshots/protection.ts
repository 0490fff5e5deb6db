import type { MachineConfig } from '@shared/machine/config';
import { type AutomaticSnapshots, type KeepRules, usualAutomatic } from '@shared/snapshot/automatic';

/** What the dialog edits. */
export interface ProtectionDraft {
  /** In minutes; 0: never. */
  every: number;
  memory: boolean;
  atStart: boolean;
  atStop: boolean;
  keep: KeepRules;
  discard: boolean;
}

/** What is sent: fields that stay as they are are missing. */
export interface ProtectionChange {
  automatic?: AutomaticSnapshots | null;
  discardOnPowerOff?: boolean;
}

const usualIntervals = [15, 30, 60, 180, 360, 720, 1440];

export function draftOf(config: MachineConfig | null): ProtectionDraft {
  const { every, memory, atStart, atStop, keep } = config?.automaticSnapshots ?? {
    ...usualAutomatic,
    every: null,
  };
  const discard = config?.discardOnPowerOff ?? false;
  return { every: every ?? 0, memory, atStart, atStop, keep: { ...keep }, discard };
}

/** The intervals to choose from, in minutes; one that somebody has written into the file is among them. */
export function intervals(present: number): number[] {
  return [...new Set([...usualIntervals, ...(present > 0 ? [present] : [])])].sort((a, b) => a - b);
}

/** What has to be changed for a machine to become what the draft says. */
export function protectionOf(draft: ProtectionDraft, config: MachineConfig | null): ProtectionChange {
  const { every, memory, atStart, atStop, keep, discard } = draft;
  const isAutomatic = every > 0 || atStart || atStop;
  const wanted = isAutomatic ? { every: every > 0 ? every : null, memory, atStart, atStop, keep } : null;
  const present = config?.automaticSnapshots ?? null;
  return {
    ...(JSON.stringify(wanted) === JSON.stringify(present) ? {} : { automatic: wanted }),
    ...(discard === (config?.discardOnPowerOff ?? false) ? {} : { discardOnPowerOff: discard }),
  };
}
