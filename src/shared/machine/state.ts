/** The life of a machine as one pure transition function. */

export const machineStates = [
  'off',
  'starting',
  'running',
  'paused',
  'stopping',
  'saving',
  'saved',
  'restoring',
  'aborted',
] as const;

export type MachineState = (typeof machineStates)[number];

export type MachineEvent =
  | 'start' // a person starts it
  | 'restore' // … from its saved state
  | 'started' // the guest runs
  | 'pause'
  | 'resume'
  | 'stop' // power off has been asked for
  | 'save'
  | 'saved'
  | 'save-failed' // the machine goes on, paused
  | 'restore-failed' // the saved state is kept
  | 'stopped' // the process ended as it should
  | 'crashed' // the process ended by itself
  | 'discard'; // the saved state is thrown away

const transitions: Record<MachineState, Partial<Record<MachineEvent, MachineState>>> = {
  off: { start: 'starting' },
  starting: { started: 'running', stop: 'stopping', stopped: 'off', crashed: 'aborted' },
  running: { pause: 'paused', stop: 'stopping', save: 'saving', stopped: 'off', crashed: 'aborted' },
  paused: { resume: 'running', stop: 'stopping', save: 'saving', stopped: 'off', crashed: 'aborted' },
  stopping: { stopped: 'off', crashed: 'aborted' },
  saving: { saved: 'saved', 'save-failed': 'paused', crashed: 'aborted' },
  saved: { restore: 'restoring', discard: 'off' },
  restoring: {
    started: 'running',
    pause: 'paused',
    'restore-failed': 'saved',
    crashed: 'saved',
    stopped: 'saved',
  },
  aborted: { start: 'starting' },
};

/** The state after `event`, or undefined where the event is not legal. */
export function transition(state: MachineState, event: MachineEvent): MachineState | undefined {
  return transitions[state][event];
}

/** What a person can do with a machine, and in which states. */
export const machineActions = {
  start: ['off', 'aborted', 'saved'],
  pause: ['running'],
  resume: ['paused'],
  reset: ['running', 'paused'],
  powerButton: ['running'],
  /** While it is being restored, that gives the restoring up; the saved state stays. */
  powerOff: ['starting', 'running', 'paused', 'stopping', 'restoring'],
  save: ['running', 'paused'],
  discardSavedState: ['saved'],
  insertMedium: ['off', 'aborted', 'running', 'paused'],
  /** Disks, drives and network cards; a saved machine must keep what its memory image knows. */
  changeDevices: ['off', 'aborted', 'running', 'paused'],
  sendKeys: ['running'],
  /** Gives a guest less memory, or more again, by its balloon. */
  memoryTarget: ['running', 'paused'],
  screenshot: ['running', 'paused'],
  /** Settings that need a stopped machine; a saved one must keep the hardware that its memory image knows. */
  configure: ['off', 'aborted'],
  takeSnapshot: ['off', 'aborted', 'saved', 'running', 'paused'],
  /** A running machine is powered off first. */
  restoreSnapshot: ['off', 'aborted', 'saved', 'running', 'paused'],
  deleteSnapshots: ['off', 'aborted', 'saved', 'running', 'paused'],
  rename: ['off', 'aborted', 'saved', 'running', 'paused', 'starting', 'stopping', 'saving', 'restoring'],
  delete: ['off', 'aborted', 'saved'],
  /** Puts its folder elsewhere. */
  move: ['off', 'aborted', 'saved'],
} as const satisfies Record<string, readonly MachineState[]>;

export type MachineAction = keyof typeof machineActions;

export function isAllowed(action: MachineAction, state: MachineState): boolean {
  return (machineActions[action] as readonly MachineState[]).includes(state);
}

/** States in which a process of the machine exists. */
export function hasProcess(state: MachineState): boolean {
  return ['starting', 'running', 'paused', 'stopping', 'saving', 'restoring'].includes(state);
}
