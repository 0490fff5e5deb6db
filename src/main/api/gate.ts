import type { CommandName, Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';

/** What changes nothing in the data folder. */
const harmless: ReadonlySet<string> = new Set<CommandName>([
  'app.info',
  'app.quit',
  'app.cancelQuit',
  'app.desktop',
  'app.setLaunchAtLogin',
  'app.showFolder',
  'host.report',
  'host.engines',
  'host.pickPath',
  'host.checkQemuFolder',
  'host.listFolder',
  'media.inspect',
  'gallery.list',
  'gallery.openPage',
  'machine.list',
  'machine.get',
  'machine.savedScreen',
  'machine.showInFolder',
  'machine.openConsole',
  'machine.log',
  'snapshot.list',
  'snapshot.estimate',
  'snapshot.screen',
  'snapshot.compare',
  'clone.estimate',
  'clone.sharing',
  'disks.list',
  'network.list',
  'network.get',
  'network.capabilities',
  'network.suggest',
  'job.list',
  'job.cancel',
  'preferences.get',
  'updates.get',
  'updates.cancel',
]);

/** The same handlers, of which those that may change the data folder ask `refuse` first; it throws while they may not. */
export function whileStill(handlers: Handlers<Commands>, refuse: () => void): Handlers<Commands> {
  const guarded = Object.entries(handlers).map(([name, handler]) => {
    if (harmless.has(name)) return [name, handler];
    const guardedHandler = (...args: unknown[]): unknown => {
      refuse();
      return (handler as (...args: unknown[]) => unknown)(...args);
    };
    return [name, guardedHandler];
  });
  return Object.fromEntries(guarded) as Handlers<Commands>;
}
