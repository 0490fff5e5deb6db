import { hasProcess, isAllowed, type MachineAction } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';

/** What can be done with machines from the library; how each is drawn and when it is possible. */
export const libraryActions = [
  'start',
  'openConsole',
  'pause',
  'resume',
  'reset',
  'powerButton',
  'powerOff',
  'save',
  'discardSavedState',
  'takeSnapshot',
  'snapshots',
  'clone',
  'fromTemplate',
  'template',
  'ordinary',
  'settings',
  'rename',
  'move',
  'showInFolder',
  'rescan',
  'delete',
  'forget',
] as const;
export type LibraryAction = (typeof libraryActions)[number];

/** What stands together in the menu of a machine. */
export const menuGroups: readonly (readonly LibraryAction[])[] = [
  ['start', 'openConsole', 'resume', 'pause'],
  ['powerButton', 'reset', 'powerOff', 'save', 'discardSavedState'],
  ['takeSnapshot', 'snapshots'],
  ['fromTemplate', 'clone', 'template', 'ordinary'],
  ['settings', 'rename', 'move', 'showInFolder', 'rescan'],
  ['delete', 'forget'],
];

interface ActionLook {
  icon: string;
  shortcut?: string;
  danger?: true;
  /** Whether it makes sense for several machines at once. */
  many?: true;
}

export const actionLooks: Record<LibraryAction, ActionLook> = {
  start: { icon: 'i-lucide-play', many: true },
  openConsole: { icon: 'i-lucide-monitor', shortcut: 'Enter', many: true },
  pause: { icon: 'i-lucide-pause', many: true },
  resume: { icon: 'i-lucide-play', many: true },
  reset: { icon: 'i-lucide-rotate-ccw', many: true },
  powerButton: { icon: 'i-lucide-power', many: true },
  powerOff: { icon: 'i-lucide-unplug', danger: true, many: true },
  save: { icon: 'i-lucide-save', many: true },
  discardSavedState: { icon: 'i-lucide-archive-x', danger: true, many: true },
  takeSnapshot: { icon: 'i-lucide-git-branch-plus', shortcut: 'Mod+Shift+S' },
  snapshots: { icon: 'i-lucide-git-branch' },
  clone: { icon: 'i-lucide-copy' },
  fromTemplate: { icon: 'i-lucide-copy-plus' },
  template: { icon: 'i-lucide-stamp', many: true },
  ordinary: { icon: 'i-lucide-monitor-cog', many: true },
  settings: { icon: 'i-lucide-sliders-horizontal' },
  rename: { icon: 'i-lucide-pencil', shortcut: 'F2' },
  move: { icon: 'i-lucide-folder-input' },
  showInFolder: { icon: 'i-lucide-folder-open' },
  rescan: { icon: 'i-lucide-refresh-cw', many: true },
  delete: { icon: 'i-lucide-trash-2', shortcut: 'Delete', danger: true, many: true },
  forget: { icon: 'i-lucide-list-x', many: true },
};

/** Whether an action can be done with a machine as it is now. */
export function isPossible(
  action: LibraryAction,
  machine: MachineSummary,
  canShowInFolder: boolean,
): boolean {
  if (action === 'showInFolder') return canShowInFolder;
  if (action === 'rescan' || action === 'forget') return machine.inaccessible;
  if (machine.inaccessible) return false;
  if (action === 'openConsole') return hasProcess(machine.state);
  if (action === 'settings' || action === 'snapshots') return true;
  const isTemplate = machine.config?.template === true;
  if (action === 'clone') return true;
  if (action === 'fromTemplate') return isTemplate;
  if (action === 'template') return !isTemplate && isAllowed('configure', machine.state);
  if (action === 'ordinary') return isTemplate && isAllowed('configure', machine.state);
  // What machines are made of stays what it is.
  if (action === 'start' && isTemplate) return false;
  return isAllowed(action satisfies MachineAction, machine.state);
}

/** What is about making machines of machines; its words stand together. */
const cloneActions: ReadonlySet<LibraryAction> = new Set(['clone', 'fromTemplate', 'template', 'ordinary']);

/** The key of an action's name: starting a machine with a saved state is going on from it. */
export function actionLabel(action: LibraryAction, machines: MachineSummary[]): string {
  const startable = machines.filter((machine) => isPossible('start', machine, false));
  const goesOn =
    action === 'start' && startable.length > 0 && startable.every(({ state }) => state === 'saved');
  if (cloneActions.has(action)) return `clone.action.${action}`;
  return `library.action.${goesOn ? 'restore' : action}`;
}

/** The actions that can be done with a selection: with each of one machine, with at least one of several. */
export function possibleActions(machines: MachineSummary[], canShowInFolder: boolean): LibraryAction[] {
  return libraryActions.filter(
    (action) =>
      (machines.length === 1 || actionLooks[action].many) &&
      machines.some((machine) => isPossible(action, machine, canShowInFolder)),
  );
}
