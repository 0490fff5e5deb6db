import type { Preferences } from '../ipc/contract';

/** What becomes of running machines when the computer goes to sleep. */
export const sleepChoices = ['pause', 'save', 'nothing'] as const;
export type SleepChoice = (typeof sleepChoices)[number];

/** The keys that, held with another, are the console window's own and not the guest's. */
export const hostKeyChoices = ['ctrl-alt', 'ctrl-alt-shift', 'ctrl-shift'] as const;
export type HostKeys = (typeof hostKeyChoices)[number];

/** How the program behaves on a desktop. */
export interface DesktopChoices {
  /** An icon in the tray, where the desktop has one; machines run on without windows then. */
  tray: boolean;
  notifications: boolean;
  /** The computer does not go to sleep by itself while machines run. */
  keepAwake: boolean;
  onHostSleep: SleepChoice;
  hostKeys: HostKeys;
}

/** The choices of a person, with the usual ones for what was never chosen. Pure. */
export function desktopChoices(preferences: Partial<Preferences> | undefined): DesktopChoices {
  return {
    tray: preferences?.tray ?? true,
    notifications: preferences?.notifications ?? true,
    keepAwake: preferences?.keepAwake ?? true,
    onHostSleep: preferences?.onHostSleep ?? 'pause',
    hostKeys: preferences?.hostKeys ?? 'ctrl-alt',
  };
}
