import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import { openPath } from '../machines/open-path';
import type { Services } from './services';

type AppCommand = Extract<
  keyof Commands,
  `app.${string}` | `job.${string}` | `preferences.${string}` | `selftest.${string}`
>;

export function appHandlers(services: Services): Pick<Handlers<Commands>, AppCommand> {
  const {
    version,
    dataFolder,
    development,
    shell,
    log,
    jobs,
    preferences,
    selftest,
    quit,
    machines,
    dataMover,
  } = services;
  return {
    'app.info': () => ({
      version,
      shell: shell.kind,
      platform: process.platform,
      dataFolder,
      nativeDialogs: shell.pickPath !== undefined,
      canTrash: shell.moveToTrash !== undefined,
      canShowInFolder: shell.showInFolder !== undefined,
      development,
    }),
    'app.quit': ({ running }) => {
      if (running === 'leave') {
        throw new Failure('host.unavailable', phrase('desktop.thisProgram'));
      }
      // Answered at once: by the time it is done there is nobody left to answer to.
      void quit
        .shutdown(running)
        .catch((error: unknown) => log.warn('ending failed', error))
        .then(() => shell.quit?.());
    },
    'app.cancelQuit': () => quit.cancel(),
    'app.desktop': async () => ({
      tray: (await shell.hasTray?.()) ?? false,
      launchAtLogin: (await shell.launchAtLogin?.get()) ?? null,
      sleep: shell.hearsSleep ?? false,
      notifications: shell.kind === 'electron',
    }),
    'app.setLaunchAtLogin': async ({ on }) => {
      if (!shell.launchAtLogin) throw new Failure('host.unavailable', phrase('desktop.upToSystem'));
      await shell.launchAtLogin.set(on);
    },
    'app.showFolder': async ({ folder }) => {
      if (!shell.showInFolder) throw new Failure('host.unavailable', phrase('desktop.noFileManager'));
      const path = folder === 'data' ? dataFolder : join(dataFolder, folder);
      await shell.showInFolder(path);
    },
    'app.openPath': ({ path }) => openPath(machines, path),
    'app.moveData': ({ folder }) => dataMover.start(folder),
    'job.list': () => jobs.list(),
    'job.cancel': ({ id }) => jobs.cancel(id),
    'preferences.get': () => preferences.get(),
    'preferences.set': (change) => preferences.set(change),
    'selftest.run': ({ engine }) => selftest.start(engine),
  };
}
