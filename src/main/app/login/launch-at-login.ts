import { homedir } from 'node:os';
import { app } from 'electron';
import type { Shell } from '../../platform/shell';
import { programFile } from '../start-again';
import { AutostartFile, autostartFolder } from './autostart-file';

/** Told to a program that the system starts when the person logs in. */
const backgroundOption = '--background';

/** Starting when the person logs in, by the means of each system. */
export function launchAtLogin(): NonNullable<Shell['launchAtLogin']> {
  if (process.platform === 'linux') {
    return new AutostartFile(autostartFolder(process.env, homedir()), [...ownCommand(), backgroundOption]);
  }
  const args = process.platform === 'win32' ? { args: [backgroundOption] } : {};
  return {
    get: async () => app.getLoginItemSettings(args).openAtLogin,
    set: async (on) => app.setLoginItemSettings({ openAtLogin: on, ...args }),
  };
}

/** The system started the program, because the person logged in. */
export function startedAtLogin(): boolean {
  return process.platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin;
}

/** What starts this program. */
function ownCommand(): string[] {
  return process.defaultApp ? [programFile(), app.getAppPath()] : [programFile()];
}
