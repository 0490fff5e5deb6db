import { mkdir, realpath } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { Commands } from '@shared/ipc/contract';
import type { MessageChannelLike } from '@shared/ipc/messages';
import type { Handlers } from '@shared/ipc/rpc';
import type { MachineSummary } from '@shared/machine/summary';
import { allHandlers } from './api/handlers';
import { QuitService, type QuitLimits, type RunningAtQuit, usualQuitLimits } from './api/quit';
import { whileStill } from './api/gate';
import { serveClient } from './api/serve';
import { findStream, findTerminal } from './api/streams';
import { CloneService } from './clones/service';
import { refuseTemplate } from './clones/template';
import { MachineMover } from './disk-library/move-machine';
import { recoverMove } from './data-folder/journal';
import { DataMover } from './data-folder/mover';
import { DiskLibrary } from './disk-library/service';
import { CardService } from './devices/cards';
import { DiskService } from './devices/disks';
import { GalleryService } from './gallery/service';
import { GuestDatabase } from './guests/guest-database';
import { engineCatalogue } from './host/engines';
import { QemuHost } from './host/qemu/qemu-host';
import { HostService } from './host/service';
import { JobRegistry } from './jobs/registry';
import { autostart } from './machines/autostart';
import { BusyMachines } from './machines/busy';
import type { MachinesContext } from './machines/context';
import { HostSleep } from './machines/host-sleep';
import { MachineKeeper } from './machines/keeper';
import { removeUnfinished } from './machines/create';
import { Library } from './machines/library';
import { LibraryList } from './machines/library-file';
import { settleMoves } from './machines/move-folder';
import { Power } from './machines/power';
import { type Patience, usualPatience } from './machines/runner';
import { MachineService } from './machines/service';
import { passOnTraffic } from './machines/traffic';
import { Uploads } from './media/uploads';
import { NetworkService } from './networks/service';
import type { OpenRequest } from '@shared/desktop/open-request';
import { locateDataFolder } from './platform/data-location';
import { Uplinks, uplinkSystem } from './networks/uplink/uplinks';
import { type EmitEvent, eventHub } from './platform/events';
import { type FileLock, lockFile, readLockOwner } from './platform/file-lock';
import { type InstanceDoor, openInstanceDoor } from './platform/instance';
import { BorrowingShell } from './platform/lent-shell';
import { channelOverSocket } from './platform/line-channel';
import { type Log, logTo } from './platform/log';
import type { ProcessHost, StreamEndpoint } from './platform/process-host';
import { rotatingFile } from './platform/rotating-file';
import type { Shell } from './platform/shell';
import { PreferencesService } from './preferences/service';
import { SelftestService } from './selftest/service';
import { SnapshotService } from './snapshots/service';
import { TerminalService } from './terminals/service';

export interface CoreOptions {
  /** Created when missing. Where it has been moved elsewhere, that is where the program works. */
  dataFolder: string;
  /** A second start hands over what it was asked to open. */
  open?: (requests: OpenRequest[]) => void;
  /** Has `bios/`, `guests/` and `gallery.json` in it. */
  resourcesFolder: string;
  processHost: ProcessHost;
  shell: Shell;
  version: string;
  /** Offers engines that exist for tests. */
  development?: boolean;
  /** Where the user interface is, in browser mode: told to a second start on the same data folder. */
  address?: () => string | null;
  /** Somebody else would like to have the data folder: true when the program ends now. */
  yields?: () => boolean;
  patience?: Patience;
  quitLimits?: QuitLimits;
}

/** What a shell needs of the program, in whichever process that runs. */
export interface ShellCore {
  readonly handlers: Handlers<Commands>;
  readonly log: Log;
  onEvent(listener: EmitEvent): () => void;
  /** The machines that have a process now. */
  running(): MachineSummary[];
  /** Serves the contract to one client until its channel closes; `client` is its name in the log. */
  serve(channel: MessageChannelLike, client: string): void;
  /**
   * Hands one end of a stream to the process that serves it.
   *
   * @throws Failure at once when there is no such stream now; the endpoint is still the caller's then
   */
  openStream(name: string, params: unknown, endpoint: StreamEndpoint): void;
  /** True: nothing runs, the program may end. False: the user interface has been made to ask (`app.quitAsked`). */
  requestQuit(): boolean;
  /** Ends machines and jobs and gives the data folder back. It always comes to an end. */
  shutdown(running: RunningAtQuit): Promise<void>;
}

/** The program without its shell: everything that Electron and browser mode have in common. */
export interface Core extends ShellCore {
  readonly machines: MachineService;
  readonly jobs: JobRegistry;
  readonly selftest: SelftestService;
  /** Where uploads and downloads go. */
  readonly mediaFolder: string;
  readonly uploads: Uploads;
  /** Starts the machines that are to start with the program. */
  autostart(): void;
  /** Nothing goes on that would be missed: no machine runs, no job, and nobody is attached. */
  isIdle(): boolean;
}

/**
 * Puts the program together. The data folder belongs to one program at a time.
 *
 * @throws Failure `library.locked` when another one has it (see `askToShow`), `file.*`
 */
export async function createCore(options: CoreOptions): Promise<Core> {
  const base = await prepareFolder(options.dataFolder);
  const located = locateDataFolder(base);
  const dataFolder = located === base ? base : await prepareFolder(located);
  const lock = await takeLibrary(dataFolder);
  try {
    return await assemble(options, base, dataFolder, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function assemble(
  options: CoreOptions,
  base: string,
  dataFolder: string,
  lock: FileLock,
): Promise<Core> {
  const { resourcesFolder, processHost, shell, version, development = false } = options;
  const events = eventHub();
  const log = logTo(rotatingFile(join(dataFolder, 'logs', 'vivarium.log')));
  log.info(`Vivarium ${version} (${shell.kind}) on ${dataFolder}`);
  await recoverMove(dataFolder, log);
  await mkdir(join(dataFolder, 'machines'), { recursive: true, mode: 0o700 });
  const mediaFolder = join(dataFolder, 'media');
  await mkdir(mediaFolder, { recursive: true, mode: 0o700 });

  const jobs = new JobRegistry(events.emit);
  shell.updates?.onChange((status) => events.emit({ name: 'updates.changed', value: status }));
  const preferences = await PreferencesService.load(dataFolder, events.emit, log);
  const chosenFolder = (): string | null => preferences.get().qemuFolder ?? null;
  const qemu = qemuHere(dataFolder, resourcesFolder, chosenFolder);
  const engines = engineCatalogue(join(resourcesFolder, 'bios'), development, qemu);
  const uplinks = new Uplinks(await uplinkSystem(), () => qemu.relayProgram(), dataFolder);
  const networks = await NetworkService.load(dataFolder, processHost, events.emit, log, uplinks);
  const busy = new BusyMachines();
  const context: MachinesContext = {
    biosFolder: join(resourcesFolder, 'bios'),
    processHost,
    shell,
    jobs,
    emit: events.emit,
    log,
    patience: options.patience ?? usualPatience,
    engine: (id) => engines.find(id),
    busy,
    networks,
    prepareQemu: (config) => qemu.prepare(config),
  };
  const machines = await loadMachines(dataFolder, context);
  events.listen(({ name, value }) => {
    if (name === 'network.statistics') passOnTraffic(machines.running(), value.statistics);
  });
  const snapshots = new SnapshotService(machines, context);
  const disks = new DiskService(machines, snapshots, context);
  const cards = new CardService(machines, context);
  context.deviceGone = (machine, id) => {
    if (id.startsWith('disk')) disks.letGo(machine, id);
    else void cards.letGo(machine, id);
  };
  const keeper = new MachineKeeper(busy, (machine) => snapshots.recover(machine));
  const clones = new CloneService(machines, snapshots, context, keeper);
  const diskLibrary = new DiskLibrary(machines, context, keeper, mediaFolder);
  const mover = new MachineMover(machines, context, keeper);
  const dataMover = new DataMover({
    base,
    folder: dataFolder,
    machines,
    jobs,
    processHost,
    log,
    moved: () => {
      const again = (): void => (shell.restart ?? shell.quit)?.();
      void quit.shutdown('save').then(again, again);
    },
  });
  context.beforeStart = async (machine) => {
    dataMover.refuse();
    refuseTemplate(machine);
    busy.refuse(machine);
    await snapshots.beforeStart(machine);
  };
  events.listen((event) => {
    if (event.name === 'machine.changed') snapshots.noticed(event.value.id, event.value.state);
  });
  await snapshots.recoverAll();
  await disks.tidyAll();
  networks.machines = () => machines.configs();
  for (const machine of machines.list()) networks.noticed(machine);
  events.listen((event) => {
    if (event.name === 'machine.changed') networks.noticed(event.value);
    if (event.name !== 'machine.removed') return;
    const { id } = event.value;
    networks.forgetMachine(id).catch((error: unknown) => log.warn(`forwards to ${id} stay`, error));
  });
  const gallery = new GalleryService({ resourcesFolder, mediaFolder });
  const uploads = new Uploads(() => machines.usedImages());
  const host = new HostService({ version, shell: shell.kind, dataFolder, resourcesFolder, engines, qemu });
  const terminals = new TerminalService(processHost, networks, log);
  const selftest = new SelftestService(context, gallery);
  let attached = 0;
  const door = await openDoor(options, dataFolder, log, (channel) => {
    attached++;
    channel.onClose(() => attached--);
    serveClient(channel, { handlers, events, log }, 'a client');
  });
  const quitLimits = options.quitLimits ?? usualQuitLimits;
  const quit = new QuitService(machines, jobs, shell, events.emit, log, quitLimits, async () => {
    terminals.close();
    await networks.close();
    await door?.close();
    await log.flush();
    await lock.release();
  });
  const all = allHandlers({
    version,
    dataFolder,
    development,
    shell,
    log,
    jobs,
    machines,
    networks,
    snapshots,
    disks,
    cards,
    clones,
    diskLibrary,
    mover,
    gallery,
    guests: new GuestDatabase(),
    host,
    uploads,
    preferences,
    selftest,
    quit,
    dataMover,
    hostSleep: new HostSleep(machines, log),
  });
  const handlers = whileStill(all, dataMover.refuse);
  return {
    handlers,
    log,
    machines,
    jobs,
    selftest,
    mediaFolder,
    uploads,
    autostart: () => {
      autostart(machines, events.emit, log);
    },
    onEvent: (listener) => events.listen(listener),
    running: () => machines.running().map((machine) => machine.summary()),
    isIdle: () =>
      attached === 0 &&
      machines.running().length === 0 &&
      jobs.list().every(({ state }) => state !== 'running'),
    serve: (channel, client) => serveClient(channel, { handlers, events, log }, client),
    openStream(name, params, endpoint) {
      if (name === 'console.ssh') {
        terminals.start(findTerminal(machines, params), endpoint);
        return;
      }
      const { runner, description } = findStream(machines, name, params);
      runner.giveStream(description, endpoint);
    },
    requestQuit: () => quit.request(),
    shutdown: (running) => quit.shutdown(running),
  };
}

/** Lets a second start and the command line find this one. Where there is no place for its socket, a second start only says that it may not. */
async function openDoor(
  options: CoreOptions,
  dataFolder: string,
  log: Log,
  serve: (channel: MessageChannelLike) => void,
): Promise<InstanceDoor | undefined> {
  const { shell, address, version, yields } = options;
  const refused = (reason: string): void =>
    log.once(`lent ${reason}`, `the app that is attached sent ${reason}`);
  try {
    return await openInstanceDoor(dataFolder, {
      about: () => ({ shell: shell.kind, address: address?.() ?? null, version }),
      show: () => shell.focus?.(),
      open: (requests) => {
        shell.focus?.();
        options.open?.(requests);
      },
      attached: (socket) => serve(channelOverSocket(socket)),
      ...(shell instanceof BorrowingShell
        ? { lent: (socket) => shell.borrow(channelOverSocket(socket), refused) }
        : {}),
      ...(yields ? { yields } : {}),
    });
  } catch (error) {
    log.warn('a second start will not find this one', error);
    return undefined;
  }
}

function qemuHere(dataFolder: string, resourcesFolder: string, chosenFolder: () => string | null): QemuHost {
  return new QemuHost({
    platform: process.platform,
    env: process.env,
    hostArchitecture: process.arch,
    size: { memoryMiB: Math.floor(totalmem() / 2 ** 20), processors: availableParallelism() },
    chosenFolder,
    bundled: join(resourcesFolder, 'qemu'),
    cacheFolder: join(dataFolder, 'cache'),
  });
}

async function loadMachines(dataFolder: string, context: MachinesContext): Promise<MachineService> {
  const list = await LibraryList.load(dataFolder, context.log);
  await settleMoves(list, context.log);
  await removeUnfinished(list.machinesFolder);
  const library = new Library(list, context.emit, context.log);
  await library.scan();
  return new MachineService(list.machinesFolder, library, new Power(library, context), context);
}

async function prepareFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await realpath(folder);
  } catch (error) {
    throw new Failure('file.denied', phrase('file.dataFolderUnusable', { folder }), {
      hint: phrase('host.dataFolderHint'),
      cause: error,
    });
  }
}

async function takeLibrary(dataFolder: string): Promise<FileLock> {
  const path = join(dataFolder, 'lock');
  const lock = await lockFile(path);
  if (lock) return lock;
  const owner = await readLockOwner(path);
  const who = owner ? phrase('file.processNumber', { pid: owner.pid }) : '';
  throw new Failure('library.locked', phrase('file.dataFolderTaken', { who, folder: dataFolder }), {
    hint: phrase('file.dataFolderTakenHint'),
  });
}
