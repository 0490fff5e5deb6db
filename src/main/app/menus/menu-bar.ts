import type { DesktopTexts } from '@shared/desktop/texts';
import type { MachineSummary } from '@shared/machine/summary';
import { type MenuEntry, separator, toPage } from './entry';
import { machineEntries } from './machine-entries';

/** What the menu bar is drawn from. */
export interface MenuSurroundings {
  platform: NodeJS.Platform;
  texts: DesktopTexts;
  /** The machine of the console window that has the focus. */
  machine: MachineSummary | undefined;
  /** Some window of ours has the focus. */
  focused: boolean;
  development: boolean;
}

/**
 * The menu bar, by the customs of each system: on a Mac it stands above all windows and follows the one with the
 * focus; elsewhere it belongs to the manager window, and a console, whose guest wants every key, has menus of its
 * own. Pure.
 */
export function menuBar(surroundings: MenuSurroundings): MenuEntry[] {
  const { platform, texts, machine } = surroundings;
  const mac = platform === 'darwin';
  return [
    ...(mac ? [appMenu(texts)] : []),
    fileMenu(surroundings, mac),
    editMenu(texts),
    viewMenu(surroundings, mac),
    ...(machine ? [{ label: texts.menu.machine, submenu: withSnapshots(machine, texts) }] : []),
    ...(mac ? [windowMenu(texts)] : []),
    helpMenu(surroundings, mac),
  ];
}

/** The first menu of a Mac, named after the program by the system. */
function appMenu({ menu }: DesktopTexts): MenuEntry {
  return {
    label: 'Vivarium',
    submenu: [
      { label: menu.about, role: 'about' },
      separator,
      { label: menu.preferences, accelerator: 'Command+,', action: toPage('preferences') },
      separator,
      { label: menu.services, role: 'services' },
      separator,
      { label: menu.hide, role: 'hide' },
      { label: menu.hideOthers, role: 'hideOthers' },
      { label: menu.showAll, role: 'unhide' },
      separator,
      { label: menu.quit, accelerator: 'Command+Q', action: { do: 'quit' } },
    ],
  };
}

function fileMenu({ texts: { menu }, focused }: MenuSurroundings, mac: boolean): MenuEntry {
  const leave: MenuEntry[] = [
    separator,
    { label: menu.preferences, accelerator: 'Ctrl+,', keysOfPage: true, action: toPage('preferences') },
    separator,
    { label: menu.quit, accelerator: 'Ctrl+Q', action: { do: 'quit' } },
  ];
  return {
    label: menu.file,
    submenu: [
      { label: menu.newMachine, accelerator: 'CmdOrCtrl+N', keysOfPage: true, action: toPage('create') },
      { label: menu.open, accelerator: 'CmdOrCtrl+O', action: { do: 'openFile' } },
      { label: menu.openFolder, action: { do: 'openFolder' } },
      separator,
      { label: menu.closeWindow, role: 'close', enabled: focused },
      ...(mac ? [] : leave),
    ],
  };
}

function editMenu({ menu }: DesktopTexts): MenuEntry {
  return {
    label: menu.edit,
    submenu: [
      { label: menu.undo, role: 'undo' },
      { label: menu.redo, role: 'redo' },
      separator,
      { label: menu.cut, role: 'cut' },
      { label: menu.copy, role: 'copy' },
      { label: menu.paste, role: 'paste' },
      { label: menu.selectAll, role: 'selectAll' },
    ],
  };
}

function viewMenu({ texts: { menu }, development }: MenuSurroundings, mac: boolean): MenuEntry {
  return {
    label: menu.view,
    submenu: [
      { label: menu.library, accelerator: 'CmdOrCtrl+1', keysOfPage: true, action: toPage('library') },
      { label: menu.gallery, accelerator: 'CmdOrCtrl+2', keysOfPage: true, action: toPage('gallery') },
      { label: menu.disks, action: toPage('disks') },
      { label: menu.networks, action: toPage('networks') },
      { label: menu.host, action: toPage('host') },
      separator,
      { label: menu.fullScreen, role: 'togglefullscreen', accelerator: mac ? 'Ctrl+Command+F' : 'F11' },
      ...(development ? [separator, { label: menu.developerTools, role: 'toggleDevTools' as const }] : []),
    ],
  };
}

function withSnapshots(machine: MachineSummary, texts: DesktopTexts): MenuEntry[] {
  const { id } = machine;
  const taking = machineEntries(machine, texts);
  return [
    ...taking,
    separator,
    { label: texts.machine.snapshots, action: { do: 'show', target: { kind: 'snapshots', id } } },
    {
      label: texts.machine.screenshot,
      enabled: machine.state === 'running' || machine.state === 'paused',
      action: { do: 'machine', id, action: 'screenshot' },
    },
  ];
}

function windowMenu({ menu }: DesktopTexts): MenuEntry {
  return {
    label: menu.window,
    role: 'window',
    submenu: [
      { label: menu.minimize, role: 'minimize' },
      { label: menu.zoom, role: 'zoom' },
      separator,
      { label: menu.library, action: { do: 'manager' } },
      separator,
      { label: menu.allToFront, role: 'front' },
    ],
  };
}

function helpMenu({ texts: { menu } }: MenuSurroundings, mac: boolean): MenuEntry {
  return {
    label: menu.help,
    role: 'help',
    submenu: [
      { label: menu.host, action: toPage('host') },
      { label: menu.updates, action: toPage('preferences') },
      separator,
      { label: menu.dataFolder, action: { do: 'showFolder', folder: 'data' } },
      { label: menu.logs, action: { do: 'showFolder', folder: 'logs' } },
      { label: menu.crashes, action: { do: 'showFolder', folder: 'crashes' } },
      ...(mac ? [] : [separator, { label: menu.about, role: 'about' as const }]),
    ],
  };
}
