import type { DesktopTexts } from '@shared/desktop/texts';
import { isAllowed } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import { type MenuEntry, type MenuMachineAction, separator } from './entry';

/** What can be done with one machine, as entries of a menu. Pure. */
export function machineEntries(machine: MachineSummary, texts: DesktopTexts): MenuEntry[] {
  const { id, state, inaccessible, config } = machine;
  const allowed = (action: MenuMachineAction): boolean => !inaccessible && isAllowed(action, state);
  const entry = (action: MenuMachineAction, label: string): MenuEntry => ({
    label,
    enabled: allowed(action),
    action: { do: 'machine', id, action },
  });
  const { machine: words } = texts;
  const first = allowed('resume')
    ? entry('resume', words.resume)
    : allowed('start') && config?.template !== true
      ? entry('start', state === 'saved' ? words.restore : words.start)
      : entry('pause', words.pause);
  return [
    first,
    entry('save', words.save),
    separator,
    entry('powerButton', words.powerButton),
    entry('reset', words.reset),
    entry('powerOff', words.powerOff),
  ];
}
