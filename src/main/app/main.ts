import path from 'node:path';
import { app, dialog, Menu, nativeTheme } from 'electron';
import { Failure, toErrorValue } from '@shared/errors';
import { version } from '../../../package.json';
import { type Core, createCore, type ShellCore } from '../core';
import { createInTurn } from '../make-way';
import { askToShow } from '../platform/instance';
import { dataFolder as usualDataFolder } from '../platform/paths';
import { programFolders } from '../platform/program-folders';
import { keepReady } from '../platform/ready-process';
import type { Shell } from '../platform/shell';
import { parseArguments } from './arguments';
import { attachCore } from './attached-core';
import { electronShell } from './electron-shell';
import { WindowIpc } from './ipc';
import { registerAppScheme, serveAppScheme } from './protocol';
import { QuitGuard } from './quit-guard';
import { utilityProcessHost } from './utility-process-host';
import { restrictWebContents, Windows } from './windows';

/** The Electron shell: windows, the bridge between them and the core, and the way out. */
async function main(): Promise<void> {
  registerAppScheme();
  const { dataFolder = usualDataFolder() } = parseArguments(process.argv.slice(1));
  // Chromium keeps caches of its own; two data folders must not share them.
  app.setPath('userData', path.join(dataFolder, 'electron'));
  await app.whenReady();
  restrictWebContents();
  Menu.setApplicationMenu(null);

  const folders = programFolders(import.meta.url);
  const resources = app.isPackaged ? path.join(process.resourcesPath, 'vivarium') : folders.resources;
  serveAppScheme(folders.renderer);

  // The shell needs windows, the windows need the core, and the core needs the shell: this is the knot.
  const program: { core?: ShellCore } = {};
  const windows = new Windows(path.join(resources, 'icons', '256x256.png'), (window) => ipc.connect(window));
  const guard = new QuitGuard(
    () => program.core,
    () => windows.showManager(),
  );
  const ipc: WindowIpc = new WindowIpc({
    connect: (channel, client) => program.core?.serve(channel, client),
    openStream: (name, params, port) =>
      program.core?.openStream(name, params, { kind: 'message-port', port }),
    refused: (reason) => program.core?.log.once(`window ${reason}`, `refused ${reason}`),
  });
  const shell = electronShell(windows, guard);
  const core = await ownOrAttached(dataFolder, shell, () =>
    createCore({
      dataFolder,
      resourcesFolder: resources,
      // Asked for once the data folder is ours: a process is made ready for machines of our own only.
      get processHost() {
        return keepReady(utilityProcessHost(folders.main), 'machine-process');
      },
      shell,
      version,
      development: process.env['VIVARIUM_DEVELOPMENT'] === '1',
    }),
  );
  program.core = core;
  followTheme(core);
  core.onEvent(({ name, value }) => {
    if (name === 'machine.removed') windows.closeConsole(value.id);
  });
  app.on('activate', () => void windows.showManager());
  app.on('window-all-closed', () => app.quit());
  windows.showManager();
}

/** The data folder is this app's own; or the machines are shown of the program in the background that keeps it. */
async function ownOrAttached(
  dataFolder: string,
  shell: Shell,
  createOwn: () => Promise<Core>,
): Promise<ShellCore> {
  try {
    return await createInTurn(dataFolder, createOwn);
  } catch (error) {
    const locked = error instanceof Failure && error.code === 'library.locked';
    const attached = locked ? await attachCore(dataFolder, shell, version) : undefined;
    if (!attached) throw error;
    // Nobody has the data folder any more: the next start does.
    attached.onLost(() => {
      app.relaunch();
      app.exit(0);
    });
    return attached;
  }
}

/** Native parts (title bar, dialogs, scroll bars) follow the theme that was chosen. */
function followTheme(core: ShellCore): void {
  core.onEvent((event) => {
    if (event.name === 'preferences.changed') nativeTheme.themeSource = event.value.theme;
  });
  void Promise.resolve(core.handlers['preferences.get']({}, undefined)).then(({ theme }) => {
    nativeTheme.themeSource = theme;
  });
}

/** A second start on the same data folder brings the first one to the front; everything else is told. */
async function notStarted(error: unknown): Promise<void> {
  const { dataFolder = usualDataFolder() } = parseArguments(process.argv.slice(1));
  const locked = error instanceof Failure && error.code === 'library.locked';
  const other = locked ? await askToShow(dataFolder) : undefined;
  if (other) {
    console.log(
      other.address
        ? `Vivarium runs already, at ${other.address}`
        : 'Vivarium runs already; its window is shown.',
    );
    app.exit(0);
    return;
  }
  const { message, hint } = toErrorValue(error);
  console.error(message);
  dialog.showErrorBox('Vivarium could not start', [message, hint].filter(Boolean).join('\n\n'));
  app.exit(1);
}

main().catch(notStarted);
