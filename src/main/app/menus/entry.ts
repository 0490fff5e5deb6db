import type { MenuItemConstructorOptions } from 'electron';
import type { ManagerPage, ShowTarget } from '@shared/desktop/target';
import type { MachineAction } from '@shared/machine/state';

/** What can be done with a machine from a menu. */
export type MenuMachineAction = Extract<
  MachineAction,
  'start' | 'pause' | 'resume' | 'save' | 'powerButton' | 'reset' | 'powerOff' | 'screenshot'
>;

/** What choosing an entry does. */
export type MenuAction =
  | { do: 'show'; target: ShowTarget }
  | { do: 'manager' }
  | { do: 'console'; id: string }
  | { do: 'machine'; id: string; action: MenuMachineAction }
  | { do: 'openFile' }
  | { do: 'openFolder' }
  | { do: 'showFolder'; folder: 'data' | 'logs' | 'crashes' }
  | { do: 'quit' };

/** An entry of a native menu as plain data, so that menus can be compared, and tested without an Electron. */
export interface MenuEntry {
  label?: string;
  type?: 'separator' | 'checkbox';
  role?: MenuItemConstructorOptions['role'];
  accelerator?: string;
  /** The page listens to these keys itself: they are only shown. */
  keysOfPage?: true;
  enabled?: boolean;
  action?: MenuAction;
  submenu?: MenuEntry[];
}

export const separator: MenuEntry = { type: 'separator' };

/** Leads the manager window to one of its pages. */
export function toPage(page: ManagerPage): MenuAction {
  return { do: 'show', target: { kind: 'page', page } };
}

/** What Electron makes a menu of. `run` is called with what was chosen. */
export function toTemplate(
  entries: readonly MenuEntry[],
  run: (action: MenuAction) => void,
): MenuItemConstructorOptions[] {
  return entries.map(({ action, submenu, keysOfPage, ...entry }) => ({
    ...entry,
    ...(keysOfPage ? { registerAccelerator: false } : {}),
    ...(action ? { click: () => run(action) } : {}),
    ...(submenu ? { submenu: toTemplate(submenu, run) } : {}),
  }));
}
