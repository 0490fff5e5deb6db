import { type DesktopTexts, fill } from '@shared/desktop/texts';
import { hasProcess } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import { type MenuEntry, separator, toPage } from './entry';
import { machineEntries } from './machine-entries';

/** What the icon in the tray says and offers. */
export interface TrayModel {
  tooltip: string;
  entries: MenuEntry[];
}

/** The tray: the machines that run, what can be done with them, and the way out. Pure. */
export function trayModel(machines: readonly MachineSummary[], texts: DesktopTexts): TrayModel {
  const running = machines
    .filter(({ state }) => hasProcess(state))
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const entries = running.map((machine) => ({
    label: machine.state === 'paused' ? fill(texts.tray.paused, { name: machine.name }) : machine.name,
    submenu: [
      { label: texts.machine.show, action: { do: 'console', id: machine.id } } satisfies MenuEntry,
      separator,
      ...machineEntries(machine, texts),
    ],
  }));
  return {
    tooltip: running.length === 0 ? 'Vivarium' : fill(texts.tray.running, { count: running.length }),
    entries: [
      { label: texts.tray.show, action: { do: 'manager' } },
      separator,
      ...(entries.length > 0 ? entries : [{ label: texts.tray.none, enabled: false }]),
      separator,
      { label: texts.menu.newMachine, action: toPage('create') },
      { label: texts.menu.preferences, action: toPage('preferences') },
      separator,
      { label: texts.menu.quit, action: { do: 'quit' } },
    ],
  };
}
