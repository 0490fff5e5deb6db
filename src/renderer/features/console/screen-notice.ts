import type { MachineSummary } from '@shared/machine/summary';
import type { MachineState } from '@shared/machine/state';

/** How the viewer's connection to the machine's screen is. */
export type Connection = 'none' | 'connecting' | 'connected' | 'lost';

/** Why the window does not show a live screen; `none` when it does. */
export type ScreenNotice =
  | 'none'
  | 'loading'
  | 'removed'
  | 'inaccessible'
  | 'off'
  | 'starting'
  | 'restoring'
  | 'paused'
  | 'saving'
  | 'stopping'
  | 'saved'
  | 'aborted'
  | 'connecting'
  | 'lost';

/** States in which the machine's process answers a viewer. */
const screenStates: readonly MachineState[] = ['running', 'paused', 'saving', 'stopping'];

/** Whether a viewer should be connected while the machine is in `state`. */
export function hasScreen(state: MachineState | undefined): boolean {
  return state !== undefined && screenStates.includes(state);
}

/**
 * What to say over the screen.
 * @param summary undefined until it has been asked for, null when there is no such machine any more
 */
export function screenNotice(
  summary: Pick<MachineSummary, 'state' | 'inaccessible'> | null | undefined,
  connection: Connection,
): ScreenNotice {
  if (summary === undefined) return 'loading';
  if (summary === null) return 'removed';
  if (summary.inaccessible) return 'inaccessible';
  // A paused or ending machine says so whether or not its last picture can be had.
  if (summary.state !== 'running') return summary.state;
  if (connection === 'connected') return 'none';
  return connection === 'lost' ? 'lost' : 'connecting';
}

/** Notices through which the last picture stays visible. */
export function isTranslucent(notice: ScreenNotice): boolean {
  return notice === 'paused' || notice === 'saving' || notice === 'stopping';
}
