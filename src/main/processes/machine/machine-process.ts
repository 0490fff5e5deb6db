import { join } from 'node:path';
import { type ErrorValue, Failure, toErrorValue } from '@shared/errors';
import { byteStreamOver, type ByteStream, type StreamChannel } from '@shared/ipc/byte-stream';
import {
  type LaunchPaths,
  machineProcessCommands,
  type MachineProcessCommands,
  type MachineProcessEvents,
  machineStream,
  type MachineStream,
} from '@shared/ipc/machine-process';
import { type Handlers, type RpcServer, serveRpc } from '@shared/ipc/rpc';
import type { MachineConfig } from '@shared/machine/config';
import type { ExecRequest, ExecResult } from '@shared/machine/exec';
import { phrase } from '@shared/phrases/phrase';
import { SharedImageWriter } from '../../disks/memory-chunks/image-writer';
import { hardwareDigest } from '../../disks/saved-state/hardware-digest';
import { type ImageWriter, type SavedStateIdentity, SavedStateWriter } from '../../disks/saved-state/writer';
import { writeAtomic } from '../../platform/atomic-file';
import { type FileLock, lockFile } from '../../platform/file-lock';
import type { ParentLink } from '../../platform/process-host';
import { processTitle } from '../../platform/process-title';
import { CommandQueue } from './command-queue';
import { deviceGone, deviceHandlers } from './device-changes';
import { encodePng } from './display/png';
import type { EngineEvents, RunningMachine, StateSink, TakenSnapshot } from './engine';
import { engineOf } from './engines/engines';
import { withFrozenDisks } from './frozen-disks';
import { chord } from './keyboard/key-codes';
import { Typist } from './keyboard/typist';
import { StatisticsRecorder } from './statistics-recorder';
import { offerOnSocket } from './serial/local-socket';
import { Thumbnails } from './thumbnails';

/** Between two reports of how far saving is. */
const progressMs = 100;
/** For answers to reach main before the process ends. */
const farewellMs = 50;
/** How long the disks may take when nobody waits for an answer any more. */
const lastFlushMs = 8000;
const longestLine = 4000;

/** A machine that has been launched. */
interface Session {
  config: MachineConfig;
  machine: RunningMachine;
  statistics: StatisticsRecorder;
  thumbnails: Thumbnails;
  lock: FileLock;
}

/**
 * The process of one machine: what main asks of it, what it tells, the streams that it serves, and its end. The
 * guest itself is the engine's business.
 */
export class MachineProcess {
  readonly #queue = new CommandQueue();
  readonly #rpc: RpcServer<MachineProcessEvents>;
  #session: Session | undefined;
  #launched = false;
  #paused = false;
  readonly #typist = new Typist(() => (this.#ending ? 'over' : this.#paused ? 'paused' : 'running'));
  #ending = false;
  /** Streams that came before the machine was there. */
  #early: { description: MachineStream; stream: ByteStream }[] = [];
  /** Settles when the memory of the last snapshot has been written. */
  #memory: Promise<void> = Promise.resolve();
  /** Aborted when nobody wants that memory any more. */
  #memoryWanted = new AbortController();

  /** @param exit ends the process with a status */
  constructor(
    link: ParentLink,
    private readonly exit: (status: number) => void,
  ) {
    this.#rpc = serveRpc<MachineProcessCommands, MachineProcessEvents, void>(
      link,
      machineProcessCommands,
      this.#handlers(),
      undefined,
      (reason) => this.#log(`Refused: ${reason}`),
    );
    link.onStream((description, channel) => this.#take(description, channel));
    link.onClose(() => void this.leave('Vivarium is gone'));
  }

  /** Flushes the disks and ends the process, when nobody is there to ask for it. */
  async leave(reason: string, status = 0): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#log(`${reason}: the machine is powered off`);
    const giveUp = setTimeout(() => this.exit(1), lastFlushMs);
    try {
      await this.#session?.machine.powerOff();
    } catch (error) {
      this.#log(`While powering off: ${toErrorValue(error).message}`);
      status = 1;
    }
    clearTimeout(giveUp);
    this.exit(status);
  }

  /** Something happened that nobody foresaw: tells it, saves what can be saved, and ends the process. */
  async collapse(error: unknown): Promise<void> {
    console.error(error);
    this.#emitFailed(toErrorValue(error));
    await this.leave('The machine process failed', 1);
  }

  #handlers(): Handlers<MachineProcessCommands> {
    const inTurn =
      <P, R>(command: (params: P) => Promise<R>) =>
      (params: P): Promise<R> =>
        this.#queue.run(() => command(params));
    const devices = deviceHandlers(
      () => this.#running(),
      () => this.#memory.catch(() => undefined),
    );
    return {
      launch: inTurn(({ config, paths }) => this.#launch(config, paths)),
      pause: inTurn(async () => {
        this.#paused = true;
        await this.#machine().pause();
      }),
      resume: inTurn(async () => {
        await this.#machine().resume();
        this.#paused = false;
      }),
      reset: inTurn(() => this.#machine().reset()),
      powerButton: inTurn(() => this.#machine().powerButton()),
      powerOff: () => {
        this.#session?.machine.hotPlug?.giveUp();
        return this.#queue.run(() => this.#powerOff());
      },
      saveObstacle: async () => {
        const obstacle = await this.#machine().saveObstacle?.();
        return obstacle?.toValue() ?? null;
      },
      save: inTurn(({ path, screenPath }) => this.#save(path, screenPath)),
      snapshot: inTurn((params) => this.#snapshot(params)),
      snapshotMemory: () => this.#memory,
      cancelSnapshotMemory: () => this.#memoryWanted.abort(),
      insertMedium: inTurn(({ drive, path }) => this.#machine().insertMedium(drive, path)),
      setLink: inTurn(devices.setLink),
      addDisk: inTurn(devices.addDisk),
      removeDisk: inTurn(devices.removeDisk),
      addNic: inTurn(devices.addNic),
      removeNic: inTurn(devices.removeNic),
      traffic: ({ nics }) => this.#session?.machine.tellTraffic?.(nics),
      // Not in turn: a guest that does not answer keeps nobody waiting.
      setClock: async () => (await this.#machine().setClock?.()) ?? false,
      memoryTarget: inTurn(({ memoryMiB }) => this.#setMemoryTarget(memoryMiB)),
      sendKeys: ({ keys }) => {
        const machine = this.#machine();
        for (const bytes of chord(keys)) machine.sendScancodes(bytes);
      },
      typeText: ({ text }) => {
        const machine = this.#machine();
        this.#typist.begin(text, (bytes) => machine.sendScancodes(bytes));
      },
      screenshot: async ({ path }) => writeAtomic(path, await this.#screenPng()),
      screenText: () => this.#machine().screenText(),
      exec: (request) => this.#exec(request),
      offerSerial: ({ port, address }) => {
        this.#running();
        return offerOnSocket(address, (stream) => this.#serve({ name: 'serial', port }, stream));
      },
      ping: () => undefined,
    };
  }

  #exec(request: ExecRequest): Promise<ExecResult> {
    const machine = this.#machine();
    if (machine.exec) return machine.exec(request);
    throw new Failure('engine.unsupported', phrase('agent.engine'));
  }

  #machine(): RunningMachine {
    return this.#running().machine;
  }

  #running(): Session {
    if (this.#session && !this.#ending) return this.#session;
    throw new Failure('machine.wrong-state', 'This machine does not run.');
  }

  async #launch(config: MachineConfig, paths: LaunchPaths): Promise<void> {
    if (this.#launched) throw new Failure('machine.wrong-state', 'This machine has been launched before.');
    this.#launched = true;
    // It may have been started before anybody knew for which machine.
    process.title = processTitle('machine-process', config.name);
    const { engine } = engineOf(config.engine);
    const plan = engine.plan(config, paths);
    const lock = await takeLock(paths.folder);
    try {
      const machine = await engine.launch(plan, this.#engineEvents());
      if (paths.savedState === null) await this.#startWithTarget(machine, config);
      this.#session = {
        config,
        machine,
        lock,
        statistics: this.#record(machine),
        thumbnails: this.#thumbnails(machine),
      };
    } catch (error) {
      this.#closeEarly();
      await lock.release();
      throw error;
    }
    for (const { description, stream } of this.#early.splice(0)) this.#serve(description, stream);
  }

  #thumbnails(machine: RunningMachine): Thumbnails {
    return new Thumbnails(
      () => machine.preview?.() ?? machine.capture(),
      (error) => this.#log(`No thumbnails: ${toErrorValue(error).message}`),
    );
  }

  #record(machine: RunningMachine): StatisticsRecorder {
    return new StatisticsRecorder(
      (watched) => machine.statistics(watched),
      (error) => {
        if (!this.#ending) this.#log(`No statistics: ${toErrorValue(error).message}`);
      },
    );
  }

  /** A guest that starts with all of its memory is no reason not to start. */
  async #startWithTarget(
    machine: RunningMachine,
    { memoryMiB, memoryTargetMiB }: MachineConfig,
  ): Promise<void> {
    if (memoryTargetMiB === undefined || memoryTargetMiB >= memoryMiB) return;
    await machine.setMemoryTarget?.(memoryTargetMiB).catch((error: unknown) => {
      this.#log(`The guest keeps all of its memory: ${toErrorValue(error).message}`);
    });
  }

  async #setMemoryTarget(memoryMiB: number): Promise<void> {
    const machine = this.#machine();
    if (machine.setMemoryTarget) return machine.setMemoryTarget(memoryMiB);
    throw new Failure(
      'engine.unsupported',
      'The engine of this machine cannot change its memory while it runs.',
    );
  }

  async #powerOff(): Promise<void> {
    if (!this.#session) {
      this.#finish(0);
      return;
    }
    this.#ending = true;
    this.#session.statistics.stop();
    try {
      await this.#session.machine.powerOff();
    } catch (error) {
      this.#finish(1);
      throw error;
    }
    this.#rpc.emit('stopped', { by: 'request' });
    this.#finish(0);
  }

  async #save(path: string, screenPath: string): Promise<void> {
    const machine = this.#machine();
    if (!this.#session) return;
    const { config } = this.#session;
    if (!this.#paused) {
      this.#paused = true;
      await machine.pause();
    }
    const writer = await SavedStateWriter.create(path, identityOf(config));
    try {
      await machine.saveState(this.#reporting(writer));
      await writeAtomic(screenPath, await this.#screenPng());
      // The last step: with the file's name the machine is saved, and its guest must not run again.
      await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
    this.#ending = true;
    this.#session.statistics.stop();
    // Everything is on the disk already; what may go wrong here changes nothing.
    await machine
      .powerOff()
      .catch((error: unknown) => this.#log(`After saving: ${toErrorValue(error).message}`));
    this.#finish(0);
  }

  async #snapshot(params: {
    overlays: Record<string, string>;
    memoryPath: string | null;
    screenPath: string;
  }): Promise<{ pausedMs: number; frozen: boolean }> {
    const machine = this.#machine();
    const { config } = this.#session ?? {};
    if (!config) throw new Failure('machine.wrong-state', 'This machine does not run.');
    // One at a time: the memory of the last one may still be on its way.
    await this.#memory.catch(() => undefined);
    await writeAtomic(params.screenPath, await this.#screenPng());
    const writer =
      params.memoryPath === null
        ? null
        : await SharedImageWriter.create(params.memoryPath, identityOf(config));
    const overlays = new Map(Object.entries(params.overlays));
    this.#memoryWanted = new AbortController();
    const sink = writer && this.#reporting(writer, this.#memoryWanted.signal);
    const take = (): Promise<TakenSnapshot> => machine.takeSnapshot(overlays, sink);
    try {
      // Frozen memory would have to be thawed after each restore; and a guest that stands still does not answer.
      const { result, frozen } =
        writer || this.#paused
          ? { result: await take(), frozen: false }
          : await withFrozenDisks(machine, (line) => this.#log(line), take);
      const { memory, pausedMs } = result;
      this.#log(`Snapshot: the guest stood still for ${Math.round(pausedMs)} ms`);
      this.#memory = completed(memory, writer);
      // Told to whoever asks; main may be gone.
      this.#memory.catch(() => undefined);
      return { pausedMs, frozen };
    } catch (error) {
      await writer?.abort();
      throw error;
    }
  }

  /** A sink that tells how much it has taken, and takes no more when `wanted` is aborted. */
  #reporting(writer: ImageWriter, wanted?: AbortSignal): StateSink {
    let told = 0;
    let done = 0;
    let total: number | null = null;
    return {
      expect: (bytes) => (total = bytes),
      write: async (data) => {
        if (wanted?.aborted) throw new Failure('cancelled', 'The memory is not wanted any more.');
        await writer.write(data);
        done += data.length;
        const now = performance.now();
        if (now - told < progressMs) return;
        told = now;
        this.#rpc.emit('saveProgress', { done, total });
      },
    };
  }

  async #screenPng(): Promise<Uint8Array> {
    const { width, height, rgba } = await this.#machine().capture();
    return encodePng({ width, height, bytes: rgba });
  }

  #engineEvents(): EngineEvents {
    return {
      stopped: () => {
        if (this.#ending) return;
        this.#ending = true;
        this.#rpc.emit('stopped', { by: 'guest' });
        this.#finish(0);
      },
      pausedByProblem: (problem) => {
        this.#paused = true;
        this.#log(`Paused: ${problem.message}`);
        this.#rpc.emit('pausedByProblem', { problem });
      },
      resumed: () => {
        this.#paused = false;
        this.#log('Resumed past this program');
        this.#rpc.emit('resumed', {});
      },
      failed: (error) => {
        if (this.#ending) return;
        this.#ending = true;
        this.#emitFailed(error);
        this.#finish(1);
      },
      deviceGone: (id) => {
        this.#log(`The guest has let ${id} go`);
        if (this.#session) deviceGone(this.#session, id);
        this.#rpc.emit('deviceGone', { id });
      },
      pointer: (mode) => this.#rpc.emit('pointer', { mode }),
      screen: (size) => this.#rpc.emit('screen', size),
      log: (line) => this.#log(line),
      notice: ({ text, ref }) => {
        this.#log(text);
        this.#rpc.emit('notice', { text, ref });
      },
    };
  }

  #emitFailed(error: ErrorValue): void {
    this.#log(`Failed: ${error.message}`);
    this.#rpc.emit('failed', { error });
  }

  /** Ends the process when the answer to the command that ended it has left. */
  #finish(status: number): void {
    this.#ending = true;
    this.#session?.statistics.stop();
    const giveUp = new Promise((resolve) => setTimeout(resolve, lastFlushMs));
    // A snapshot's memory that is on its way is worth waiting for.
    void Promise.race([this.#memory.catch(() => undefined), giveUp]).then(() => {
      setTimeout(() => this.exit(status), farewellMs);
    });
  }

  #log(line: string): void {
    for (const part of line.split('\n')) {
      console.log(part);
      this.#rpc.emit('log', { line: part.slice(0, longestLine) });
    }
  }

  #take(raw: unknown, channel: StreamChannel): void {
    const description = machineStream.safeParse(raw);
    if (!description.success || this.#ending) {
      if (!description.success) this.#log('Refused: a stream that does not fit');
      channel.close();
      return;
    }
    const stream = byteStreamOver(channel);
    if (this.#session) this.#serve(description.data, stream);
    else this.#early.push({ description: description.data, stream });
  }

  #closeEarly(): void {
    for (const { stream } of this.#early.splice(0)) stream.close();
  }

  #serve(description: MachineStream, stream: ByteStream): void {
    const machine = this.#machine();
    switch (description.name) {
      case 'statistics':
        this.#session?.statistics.connect(stream, description.history);
        break;
      case 'graphics':
        machine.connectGraphics(stream);
        break;
      case 'serial':
        machine.connectSerial(description.port, stream);
        break;
      case 'monitor':
        if (machine.connectMonitor) machine.connectMonitor(stream);
        else stream.close();
        break;
      case 'clipboard':
        if (machine.connectClipboard) machine.connectClipboard(stream);
        else stream.close();
        break;
      case 'thumbnail':
        this.#session?.thumbnails.connect(stream, description.width);
        break;
    }
  }
}

/** What a memory image of this machine is marked with. */
function identityOf(config: MachineConfig): SavedStateIdentity {
  const { engine, stateVersion } = engineOf(config.engine);
  return { engine: engine.id, engineVersion: stateVersion, hardwareDigest: hardwareDigest(config) };
}

/** Gives a memory image its name when it is whole, and leaves nothing of it when it is not. */
async function completed(memory: Promise<void>, writer: ImageWriter | null): Promise<void> {
  try {
    await memory;
    await writer?.finish();
  } catch (error) {
    await writer?.abort();
    throw error;
  }
}

/** @throws Failure `machine.locked`, `file.*` */
async function takeLock(folder: string): Promise<FileLock> {
  const lock = await lockFile(join(folder, 'lock')).catch((error: unknown) => {
    const { code, message } = toErrorValue(error);
    throw new Failure(code, `Cannot take the lock of the machine's folder: ${message}`, { cause: error });
  });
  if (lock) return lock;
  throw new Failure('machine.locked', phrase('problem.lockedFolder'), {
    hint: phrase('problem.lockedFolderHint'),
  });
}
