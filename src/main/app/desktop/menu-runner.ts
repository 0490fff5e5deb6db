import { dialog, type MessageBoxOptions } from 'electron';
import { type DesktopTexts, fill } from '@shared/desktop/texts';
import type { ShellCore } from '../../core';
import type { PickPurpose } from '../../platform/shell';
import type { MenuAction, MenuMachineAction } from '../menus/entry';
import type { Windows } from '../windows/windows';
import type { Known } from './known';
import type { Opener } from './opener';

interface Parts {
  core: ShellCore;
  known: Known;
  windows: Windows;
  opener: Opener;
  texts: () => DesktopTexts;
  pickPath: (purpose: PickPurpose) => Promise<string | null>;
  quit: () => void;
}

/** Does what was chosen from a menu or in the tray. What goes wrong is told in the manager window. */
export function menuRunner(parts: Parts): (action: MenuAction) => void {
  const { core, known, windows, opener } = parts;
  const openPicked = async (purpose: PickPurpose): Promise<void> => {
    const path = await parts.pickPath(purpose);
    if (path !== null) await opener.open([{ kind: 'path', path }]);
  };
  const run = async (action: MenuAction): Promise<void> => {
    switch (action.do) {
      case 'show':
        return opener.show(action.target);
      case 'manager':
        return void windows.showManager();
      case 'console':
        return windows.showConsole(action.id);
      case 'openFile':
        return openPicked('image');
      case 'openFolder':
        return openPicked('machine-folder');
      case 'showFolder':
        await core.handlers['app.showFolder']({ folder: action.folder }, undefined);
        return;
      case 'machine':
        if (await confirmed(action.action, known.machine(action.id)?.name ?? '', parts))
          await core.handlers[`machine.${action.action}`]({ id: action.id }, undefined);
        return;
      case 'quit':
        return parts.quit();
    }
  };
  return (action) => void run(action).catch((error: unknown) => opener.tell(error));
}

/** Asks before what would lose something. */
async function confirmed(
  action: MenuMachineAction,
  name: string,
  { texts, windows }: Parts,
): Promise<boolean> {
  if (action !== 'powerOff' && action !== 'reset') return true;
  const { ask } = texts();
  const options: MessageBoxOptions = {
    type: 'warning',
    message: fill(ask[action], { name }),
    detail: ask[`${action}Text`],
    buttons: [ask.cancel, ask[`${action}Yes`]],
    defaultId: 0,
    cancelId: 0,
  };
  const parent = windows.active();
  const answer = parent ? await dialog.showMessageBox(parent, options) : await dialog.showMessageBox(options);
  return answer.response === 1;
}
