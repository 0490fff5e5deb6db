import { Failure } from '@shared/errors';
import { version } from '../../../package.json';
import { type Core, type CoreOptions, createCore } from '../core';
import { createInTurn } from '../make-way';
import { askToShow, statusTaken } from '../platform/instance';
import { describe } from '../platform/log';
import { BorrowingShell } from '../platform/lent-shell';
import { nodeProcessHost } from '../platform/node-process-host';
import { keepReady } from '../platform/ready-process';
import { dataFolder as usualDataFolder } from '../platform/paths';
import { programFolders } from '../platform/program-folders';
import { parseServerArguments, type ServerArguments, usage } from './arguments';
import { browserShell, openInBrowser } from './browser-shell';
import { whenIdle } from './idle';
import { type BrowserServer, startBrowserServer } from './server';

/**
 * Browser mode: the same program without Electron, shown by a browser of this computer. Prints one line with the
 * address. A signal saves what runs and ends it.
 */
async function main(): Promise<void> {
  let args: ServerArguments;
  try {
    args = parseServerArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  if (args.help) console.log(usage);
  else await serve(args);
}

async function serve(args: ServerArguments): Promise<void> {
  const dataFolder = args.dataFolder ?? usualDataFolder();
  const folders = programFolders(import.meta.url);
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
      resourcesFolder: folders.resources,
      processHost: keepReady(nodeProcessHost(folders.main), 'machine-process'),
      shell,
      version,
      development: process.env['VIVARIUM_DEVELOPMENT'] === '1',
      address: () => running.server?.url ?? null,
      yields: () => args.untilIdle && running.yield?.() === true,
    };
    core = await (args.untilIdle ? createCore(options) : createInTurn(dataFolder, () => createCore(options)));
  } catch (error) {
    await notStarted(error, dataFolder, args.open);
    return;
  }
  const leave = (): void => void core.shutdown('save').then(shell.quit, shell.quit);
  endOnSignals(leave);
  // The machines have processes of their own: a defect here is no reason to end them.
  process.on('uncaughtException', (error) => core.log.warn('a defect', error));
  const { renderer: rendererFolder } = folders;
  const server = await startBrowserServer({ core, rendererFolder, port: args.port });
  running.server = server;
  console.log(`Vivarium is at ${server.url}`);
  // One that a command started is there for that command's machines alone.
  if (!args.untilIdle) core.autostart();
  if (args.open) await openInBrowser(server.url);
  if (args.untilIdle) {
    const isIdle = (): boolean => core.isIdle() && server.pages === 0;
    running.yield = () => {
      if (!isIdle()) return false;
      // Whoever asked is answered first.
      setImmediate(leave);
      return true;
    };
    await whenIdle(isIdle);
    leave();
  }
}

/** A terminal and a parent process may both pass the same Ctrl+C on, within this many milliseconds. */
const sameSignalMs = 2000;

/** Nobody can be asked what to do with what runs: saving its state loses nothing. Asked again, it ends at once. */
function endOnSignals(save: () => void): void {
  let first: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (first === undefined) {
        first = performance.now();
        save();
      } else if (performance.now() - first > sameSignalMs) {
        // The machines' processes notice, flush their disks and end.
        process.exit(1);
      }
    });
  }
}

async function notStarted(error: unknown, dataFolder: string, open: boolean): Promise<void> {
  const locked = error instanceof Failure && error.code === 'library.locked';
  const other = locked ? await askToShow(dataFolder) : undefined;
  if (other?.address) {
    console.log(`Vivarium runs already, at ${other.address}`);
    if (open) await openInBrowser(other.address);
  } else if (other) {
    console.log('Vivarium runs already; its window has been brought to the front.');
  } else {
    console.error(error instanceof Failure ? `${error.message} ${error.hint ?? ''}` : describe(error));
    process.exitCode = locked ? statusTaken : 1;
  }
}

main().catch((error: unknown) => {
  console.error(describe(error));
  process.exit(1);
});
