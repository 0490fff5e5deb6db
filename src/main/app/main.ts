import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { app, type BrowserWindow, crashReporter, dialog, Menu, nativeTheme } from 'electron';
import { linkScheme, type OpenRequest } from '@shared/desktop/open-request';
import type { ShowTarget } from '@shared/desktop/target';
import { desktopTextsIn, languageOf } from '@shared/desktop/texts';
import { Failure, toErrorValue } from '@shared/errors';
import { type Language, phraseIn } from '@shared/phrases/languages';
import { version } from '../../../package.json';
import { type Core, createCore, type ShellCore } from '../core';
import { createInTurn } from '../make-way';
import { movedTo } from '../platform/data-location';
import { endOnSignals } from '../platform/end-signals';
import { askToOpen, askToShow } from '../platform/instance';
import { dataFolder as usualDataFolder } from '../platform/paths';
import { programFolders } from '../platform/program-folders';
import { keepReady } from '../platform/ready-process';
import type { Shell } from '../platform/shell';
import { type AppArguments, ownWords, parseArguments } from './arguments';
import { attachCore } from './attached-core';
import { Desktop } from './desktop/desktop';
import { Known } from './desktop/known';
import { Opener } from './desktop/opener';
import { followPower, followSession } from './desktop/power';
import { electronShell, pickPath } from './electron-shell';
import { WindowIpc } from './ipc';
import { Later } from './later';
import { startedAtLogin } from './login/launch-at-login';
import { QuitGuard } from './quit-guard';
import { SystemRequests } from './requests';
import { startAgain } from './start-again';
import { electronUpdates, withUpdates } from './updates/electron-updates';
import { utilityProcessHost } from './utility-process-host';
import { restrictWebContents } from './windows/content-rules';
import { WindowMemory } from './windows/memory';
import { registerAppScheme, serveAppScheme } from './windows/protocol';
import { Windows } from './windows/windows';

const development = process.env['VIVARIUM_DEVELOPMENT'] === '1';

/** The Electron shell: windows, the bridge between them and the core, and the way out. */
async function main(args: AppArguments, base: string): Promise<void> {
  registerAppScheme();
  const requests = new SystemRequests();
  requests.add(args.open, args.badLinks);
  const dataFolder = movedTo(base) ?? base;
  keepCrashes(dataFolder);
  await app.whenReady();
  restrictWebContents();
  Menu.setApplicationMenu(null);

  const folders = programFolders(import.meta.url);
  const resources = app.isPackaged ? path.join(process.resourcesPath, 'vivarium') : folders.resources;
  const iconsFolder = path.join(resources, 'icons');
  serveAppScheme(folders.renderer);

  // The shell needs windows, the windows need the core, and the core needs the shell: this is the knot.
  const program: { core?: ShellCore; desktop?: Desktop; known?: Known } = {};
  const texts = () => desktopTextsIn(language(program.known));
  const memory = new WindowMemory(path.join(dataFolder, 'windows.json'), (error) =>
    program.core?.log.once('windows.json', `the places of windows are not kept: ${String(error)}`),
  );
  const windows = new Windows(path.join(iconsFolder, '256x256.png'), memory, (window, kind) => {
    ipc.connect(window);
    program.desktop?.windowOpened(window, kind);
    followSession(window, () => program.core, guard.quit);
  });
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
  const later = new Later();
  const shell = withUpdates(electronShell(windows, guard, later, texts), electronUpdates());
  const core = await ownOrAttached(dataFolder, shell, async () => {
    const own = await createCore({
      dataFolder: base,
      resourcesFolder: resources,
      // Asked for once the data folder is ours: a process is made ready for machines of our own only.
      get processHost() {
        return keepReady(utilityProcessHost(folders.main), 'machine-process');
      },
      shell,
      version,
      development,
      open: (opened) => requests.add(opened, false),
    });
    own.autostart();
    return own;
  });
  const known = (program.known = await Known.of(core));
  const lead = (window: BrowserWindow, target: ShowTarget): void => ipc.tell(window, 'app.show', target);
  const opener = new Opener(core, known, windows, lead);
  program.core = core;
  // Electron tells the person; the log keeps it.
  process.on('uncaughtExceptionMonitor', (error) => core.log.warn('a defect', error));
  followTheme(core, known);
  const desktop = await Desktop.create({
    core,
    known,
    shell,
    windows,
    opener,
    iconsFolder,
    development,
    pickPath: (purpose) => pickPath(windows, purpose, texts()),
  });
  program.desktop = desktop;
  followPower(core, known, guard.quit);
  // Saves what this program runs; what another one runs in the background is that one's, which is told itself.
  endOnSignals(() => void core.shutdown('save').then(guard.quit, guard.quit));
  core.onEvent(({ name, value }) => {
    if (name === 'machine.removed') windows.removed(value.id);
  });
  app.on('activate', () => void windows.showManager());
  app.on('will-quit', () => memory.flush());
  // Machines that run keep the program there, where it can be found again.
  app.on('window-all-closed', () => {
    if (!desktop.hasTray || core.running().length === 0) app.quit();
  });
  // Where a packaged program has no installer that says so, it says itself which links are its own.
  if (app.isPackaged && process.platform !== 'linux') app.setAsDefaultProtocolClient(linkScheme);
  const unseen = (args.background || startedAtLogin()) && desktop.hasTray;
  if (!unseen) windows.showManager();
  later.begin();
  requests.takenBy({
    open: (opened) => void opener.open(opened),
    badLink: () => opener.badLink(),
  });
}

/** Crash reports stay on this computer, in a folder that a person can open. */
function keepCrashes(dataFolder: string): void {
  // Chromium keeps caches of its own; two data folders must not share them.
  app.setPath('userData', path.join(dataFolder, 'electron'));
  const folder = path.join(dataFolder, 'crashes');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    app.setPath('crashDumps', folder);
    crashReporter.start({ uploadToServer: false, ignoreSystemCrashHandler: true });
  } catch (error) {
    // The program itself says, a moment later, what is wrong with the data folder.
    console.error(`No crash reports are kept: ${String(error)}`);
  }
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
      startAgain();
      app.exit(0);
    });
    return attached;
  }
}

/** What native texts are said in. @param known missing where the preferences are not known: as the system does */
function language(known?: Known): Language {
  return languageOf(known?.preferences.language ?? 'system', app.getLocale());
}

/** Native parts (title bar, dialogs, scroll bars) follow the theme that was chosen. */
function followTheme(core: ShellCore, known: Known): void {
  core.onEvent((event) => {
    if (event.name === 'preferences.changed') nativeTheme.themeSource = event.value.theme;
  });
  nativeTheme.themeSource = known.preferences.theme;
}

/** A second start on the same data folder brings the first one to the front; everything else is told. */
async function notStarted(error: unknown, base: string, open: readonly OpenRequest[]): Promise<void> {
  const locked = error instanceof Failure && error.code === 'library.locked';
  const other = locked ? await (open.length > 0 ? askToOpen(base, open) : askToShow(base)) : undefined;
  if (other) {
    console.log(
      other.address
        ? `Vivarium runs already, at ${other.address}`
        : 'Vivarium runs already; its window is shown.',
    );
    app.exit(0);
    return;
  }
  const { message, hint = '', phrases } = toErrorValue(error);
  console.error(message);
  const shown = language();
  const said = [phraseIn(shown, phrases?.message, message), phraseIn(shown, phrases?.hint, hint)];
  dialog.showErrorBox(desktopTextsIn(shown).dialog.notStarted, said.filter(Boolean).join('\n\n'));
  app.exit(1);
}

const args = parseArguments(ownWords(process.argv, Boolean(process.defaultApp)));
const base = args.dataFolder === undefined ? usualDataFolder() : path.resolve(args.dataFolder);
main(args, base).catch((error: unknown) => notStarted(error, base, args.open));
