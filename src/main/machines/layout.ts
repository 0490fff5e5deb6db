import { join } from 'node:path';
import { machineLockPath } from '../platform/machine-lock';

/** Where things are in a machine's folder. */
export interface MachineLayout {
  /** Next to it lies the last good copy, `machine.json.bak`. */
  config: string;
  /** Held by the machine's process while there is one, and by main while it changes the folder. */
  lock: string;
  disks: string;
  saved: string;
  savedState: string;
  savedScreen: string;
  logs: string;
  log: string;
  screenshots: string;
  /** The guest's keys as ssh knows them, and as whom a person logs in. */
  ssh: string;
  /** The firmware's variables. */
  firmware: string;
  snapshots: string;
  /** Only while a change of several steps is under way. */
  journal: string;
}

export function layoutOf(folder: string): MachineLayout {
  return {
    config: join(folder, 'machine.json'),
    lock: machineLockPath(folder),
    disks: join(folder, 'disks'),
    saved: join(folder, 'saved'),
    savedState: join(folder, 'saved', 'state.viv'),
    savedScreen: join(folder, 'saved', 'screen.png'),
    logs: join(folder, 'logs'),
    log: join(folder, 'logs', 'machine.log'),
    screenshots: join(folder, 'screenshots'),
    ssh: join(folder, 'ssh'),
    firmware: join(folder, 'firmware'),
    snapshots: join(folder, 'snapshots'),
    journal: join(folder, 'journal.json'),
  };
}

/** Every name that a machine puts into its folder: nothing else is ever erased with it. */
export const ownNames: readonly string[] = [
  'disks',
  'firmware',
  'saved',
  'snapshots',
  'memory',
  'kept',
  'logs',
  'screenshots',
  'ssh',
  'journal.json',
  'lock',
  'machine.json.bak',
  'machine.json',
];
