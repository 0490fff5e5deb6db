import { Failure } from '@shared/errors';
import { version } from '../../../package.json';
import { type Core, type CoreOptions, createCore } from '../core';
import { createInTurn } from '../make-way';
import { endOnSignals } from '../platform/end-signals';
import { askToShow, statusTaken } from '../platform/instance';
import { describe } from '../platform/log';
import { BorrowingShell } from '../platform/lent-shell';
import { keepReady } from '../platform/ready-process';
import { dataFolder as usualDataFolder } from '../platform/paths';
import type { ProcessHost } from '../platform/process-host';
import { parseServerArguments, type ServerArguments, usage } from './arguments';
import { browserShell, openInBrowser } from './browser-shell';
import { whenIdle } from './idle';
import { type BrowserServer, startBrowserServer } from './server';

/** What browser mode is run by, and where its parts are. */
export interface ServerSurroundings {
  processHost: ProcessHost;
  rendererFolder: string;
  resourcesFolder: string;
}

/**
 * Browser mode: the same program without windows of its own, shown by a browser of this computer. Prints one line with
 * the address. A signal saves what runs and ends it.
 *
 * @param words its command line
 * @returns whether it serves now; when not, it has said why and `process.exitCode` is set
 */
export async function runServer(
  words: readonly string[],
  surroundings: ServerSurroundings,
): Promise<boolean> {
  let args: ServerArguments;
  try {
    args = parseServerArguments(words);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return false;
  }
  if (!args.help) return serve(args, surroundings);
  console.log(usage);
  return false;
}

async function serve(args: ServerArguments, surroundings: ServerSurroundings): Promise<boolean> {
  const dataFolder = args.dataFolder ?? usualDataFolder();
  const running: { server?: BrowserServer; yield?: () => boolean } = {};
  const end = async (): Promise<void> => {
    await running.server?.close();
    process.exit();
  };
  const shell = new BorrowingShell(await browserShell(() => void end()));
  let core: Core;
  try {
    const options: CoreOptions = {
      dataFolder,
      resourcesFolder: surroundings.resourcesFolder,
      processHost: keepReady(surroundings.processHost, 'machine-process'),
      shell,
      version,
      development: process.env['VIVARIUM_DEVELOPMENT'] === '1',
      address: () => running.server?.invite() ?? null,
      yields: () => args.untilIdle && running.yield?.() === true,
    };
    core = await (args.untilIdle ? createCore(options) : createInTurn(dataFolder, () => createCore(options)));
  } catch (error) {
    await notStarted(error, dataFolder, args);
    return false;
  }
  const leave = (): void => void core.shutdown('save').then(shell.quit, shell.quit);
  endOnSignals(leave);
  // The machines have processes of their own: a defect here is no reason to end them.
  process.on('uncaughtException', (error) => core.log.warn('a defect', error));
  const { rendererFolder } = surroundings;
  const server = await startBrowserServer({ core, rendererFolder, port: args.port });
  running.server = server;
  console.log(args.json ? JSON.stringify({ address: server.url }) : `Vivarium is at ${server.url}`);
  // One that a command started is there for that command's machines alone.
  if (!args.untilIdle) core.autostart();
  if (args.open) await openInBrowser(server.invite());
  if (args.untilIdle) {
    const isIdle = (): boolean => core.isIdle() && server.pages === 0;
    running.yield = () => {
      if (!isIdle()) return false;
      // Whoever asked is answered first.
      setImmediate(leave);
      return true;
    };
    void whenIdle(isIdle).then(leave);
  }
  return true;
}

async function notStarted(
  error: unknown,
  dataFolder: string,
  { open, json }: ServerArguments,
): Promise<void> {
  const locked = error instanceof Failure && error.code === 'library.locked';
  const other = locked ? await askToShow(dataFolder) : undefined;
  if (other?.address) {
    console.log(
      json ? JSON.stringify({ address: other.address }) : `Vivarium runs already, at ${other.address}`,
    );
    if (open) await openInBrowser(other.address);
  } else if (other) {
    console.log('Vivarium runs already; its window has been brought to the front.');
  } else {
    console.error(error instanceof Failure ? `${error.message} ${error.hint ?? ''}` : describe(error));
    process.exitCode = locked ? statusTaken : 1;
  }
}
