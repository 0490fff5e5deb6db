import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { _electron, type Browser, chromium, type ElectronApplication, type Page } from 'playwright-core';
import { knowQemu } from './known-qemu';
import { chromiumProgram, electronProgram } from './programs';
import { startXvfb } from './xvfb';

/** The running app as a test sees it, whichever shell it runs in. */
export interface AppUnderTest {
  shell: 'electron' | 'browser';
  /** When the program was started, as `performance.now()` counts. */
  launchedAt: number;
  /** The manager window. */
  manager: Page;
  /** Does what opens a new window, and gives that window. */
  newWindow(action: () => Promise<void>): Promise<Page>;
  /** The process ids of the app's main process. */
  mainPid: number;
  /** Runs a function in the main process of Electron; rejects in browser mode. */
  inMain: ElectronApplication['evaluate'];
  /** Asks the app to end, as its menu or the desktop does. */
  requestQuit(): Promise<void>;
  /** Resolves when the app's main process has ended. */
  ended: Promise<void>;
  /** Ends the app as hard as it can be ended. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

export interface AppOptions {
  dataFolder: string;
  size?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
  env?: Record<string, string>;
  /** A person who has never started it: without this the welcome has been seen. */
  welcome?: boolean;
}

/** How long a page is waited for, in milliseconds: a computer with other things to do may take its time. */
const patience = 60_000;
const defaultSize = { width: 1280, height: 800 };

/** Flags that keep Chromium from calling its maker's servers, and let it run as root in a test. */
const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function environment(options: AppOptions): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'ELECTRON_RUN_AS_NODE',
  );
  return { ...Object.fromEntries(inherited), VIVARIUM_DATA: options.dataFolder, ...options.env };
}

/** Tests are about what comes after the welcome, unless they are about the welcome. */
async function welcomed({ dataFolder, welcome = false }: AppOptions): Promise<void> {
  if (welcome) return;
  await knowQemu(dataFolder);
  await fs.mkdir(dataFolder, { recursive: true });
  await fs
    .writeFile(path.join(dataFolder, 'preferences.json'), JSON.stringify({ welcomed: true }), { flag: 'wx' })
    .catch((error: unknown) => {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    });
}

/** Browser mode: our server on plain Node, and Chromium in front of it. */
export async function startBrowserApp(options: AppOptions): Promise<AppUnderTest> {
  await welcomed(options);
  const launchedAt = performance.now();
  const server = spawn(process.execPath, ['out/main/server.js'], {
    env: environment(options),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await printedUrl(server);
  const browser = await chromium.launch({
    executablePath: chromiumProgram,
    args: chromiumFlags,
    timeout: patience,
  });
  const context = await browser.newContext({
    viewport: options.size ?? defaultSize,
    colorScheme: options.colorScheme ?? 'light',
    locale: 'en-US',
  });
  context.setDefaultTimeout(patience);
  const manager = await context.newPage();
  await manager.goto(url);
  return {
    shell: 'browser',
    launchedAt,
    manager,
    mainPid: server.pid ?? 0,
    async newWindow(action) {
      const opened = context.waitForEvent('page');
      await action();
      return opened;
    },
    inMain: () => Promise.reject(new Error('Browser mode has no Electron.')),
    requestQuit: async () => void server.kill('SIGTERM'),
    ended: new Promise((resolve) => server.once('exit', () => resolve())),
    kill: () => end(server, browser, 'SIGKILL'),
    close: () => end(server, browser, 'SIGTERM'),
  };
}

function printedUrl(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`The server ended with ${code}`)));
    if (!server.stdout) return reject(new Error('The server has no output'));
    createInterface({ input: server.stdout }).on('line', (line) => {
      const url = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/.exec(line)?.[0];
      if (url) resolve(url);
    });
  });
}

async function end(server: ChildProcess, browser: Browser, signal: NodeJS.Signals): Promise<void> {
  await browser.close();
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await ended;
}

/** Electron under an X server of its own. As root its sandbox cannot start, so a test as root runs without. */
export async function startElectronApp(options: AppOptions): Promise<AppUnderTest> {
  await welcomed(options);
  const display = await startXvfb();
  let app: ElectronApplication;
  const launchedAt = performance.now();
  try {
    app = await _electron.launch({
      executablePath: electronProgram,
      args: ['.', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--lang=en-US'],
      env: { ...environment(options), DISPLAY: display.name },
      timeout: patience,
    });
  } catch (error) {
    display.stop();
    throw error;
  }
  app.context().setDefaultTimeout(patience);
  const manager = await app.firstWindow({ timeout: patience });
  await manager.emulateMedia({ colorScheme: options.colorScheme ?? 'light' });
  if (options.size) await resize(app, manager, options.size);
  const program = app.process();
  const ended = new Promise<void>((resolve) => program.once('exit', () => resolve()));
  return {
    shell: 'electron',
    launchedAt,
    manager,
    mainPid: program.pid ?? 0,
    async newWindow(action) {
      const opened = app.waitForEvent('window');
      await action();
      return opened;
    },
    inMain: app.evaluate.bind(app),
    requestQuit: () => app.evaluate((electron) => electron.app.quit()),
    ended,
    async kill() {
      program.kill('SIGKILL');
      await ended;
      display.stop();
    },
    async close() {
      await endElectron(program, manager, ended);
      display.stop();
    },
  };
}

/** Quits as a person does who wants no machine kept; a window that no longer answers is not waited for. */
async function endElectron(program: ChildProcess, manager: Page, ended: Promise<void>): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const call = { kind: 'call', id: 1_000_000, name: 'app.quit', params: { running: 'power-off' } };
  await manager
    .evaluate((message) => {
      const { vivarium } = globalThis as unknown as { vivarium: { post(message: unknown): void } };
      vivarium.post(message);
    }, call)
    .catch(() => program.kill('SIGKILL'));
  const timer = setTimeout(() => program.kill('SIGKILL'), patience);
  await ended;
  clearTimeout(timer);
}

async function resize(
  app: ElectronApplication,
  page: Page,
  size: { width: number; height: number },
): Promise<void> {
  const window = await app.browserWindow(page);
  await window.evaluate(
    (browserWindow, { width, height }) => browserWindow.setContentSize(width, height),
    size,
  );
}
