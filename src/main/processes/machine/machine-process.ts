import { type ErrorValue, Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import {
  type LaunchPaths,
  machineProcessCommands,
  type MachineProcessCommands,
  type MachineProcessEvents,
} from '@shared/ipc/machine-process';
import { type Handlers, type RpcServer, serveRpc } from '@shared/ipc/rpc';
import type { MachineConfig } from '@shared/machine/config';
import { writeAtomic } from '../../platform/atomic-file';
import type { ParentLink } from '../../platform/process-host';
import { processTitle } from '../../platform/process-title';
import { execInGuest, setMemoryTarget } from './abilities';
import { CommandQueue } from './command-queue';
import { deviceGone, deviceHandlers } from './device-changes';
import { DiskMerges } from './disk-merges';
import { screenPng } from './display/screen-png';
import type { EngineEvents, RunningMachine } from './engine';
import { chord } from './keyboard/key-codes';
import { Typist } from './keyboard/typist';
import { MemoryImages } from './memory-images';
import { offerOnSocket } from './serial/local-socket';
import { beginSession, type Session } from './session';
import { serveStream, StreamDoor } from './stream-door';

/** For answers to reach main before the process ends. */
const farewellMs = 50;
/** How long the disks may take when nobody waits for an answer any more. */
const lastFlushMs = 8000;
/** How long a state that is being saved may take then. */
const lastSaveMs = 60_000;
const longestLine = 4000;

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
  #leaving = false;
  /** Settles when a state that is being saved is there, or cannot be. */
  #saving: Promise<void> = Promise.resolve();
  #isSaving = false;
  readonly #streams = new StreamDoor((line) => this.#log(line));
  readonly #images = new MemoryImages({
    progress: (done, total) => this.#rpc.emit('saveProgress', { done, total }),
    log: (line) => this.#log(line),
  });
  readonly #merges = new DiskMerges({
    progress: (disk, done, total) => this.#rpc.emit('mergeProgress', { disk, done, total }),
    log: (line) => this.#log(line),
  });

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
    link.onStream((description, channel) => this.#streams.take(description, channel));
    link.onClose(() => void this.leave('Vivarium is gone'));
  }

  /**
   * Flushes the disks and ends the process, when nobody is there to ask for it. A state that is being saved is
   * finished first: the machine has ended then.
   */
  async leave(reason: string, status = 0): Promise<void> {
    if (this.#ending || this.#leaving) return;
    this.#leaving = true;
    const giveUp = setTimeout(() => this.exit(1), this.#isSaving ? lastSaveMs : lastFlushMs);
    if (this.#isSaving) {
      this.#log(`${reason}: the machine ends when its state has been saved`);
      await this.#saving.catch(() => undefined); // told to whoever asked for it
    }
    if (!this.#ending) {
      this.#beginEnd();
      this.#log(`${reason}: the machine is powered off`);
      try {
        await this.#session?.machine.powerOff();
      } catch (error) {
        this.#log(`While powering off: ${toErrorValue(error).message}`);
        status = 1;
      }
      this.exit(status);
    }
    clearTimeout(giveUp);
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
      () => this.#images.quiet(),
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
      save: inTurn(({ path, screenPath }) => (this.#saving = this.#save(path, screenPath))),
      snapshot: inTurn(async (params) => {
        await this.#merges.end();
        return this.#images.snapshot(this.#running(), params, this.#paused);
      }),
      snapshotMemory: () => this.#images.written,
      cancelSnapshotMemory: () => this.#images.cancel(),
      mergeDisk: async ({ disk, below }) => {
        const { done } = await this.#queue.run(async () => {
          // The images must not change under what is still to be written of a snapshot.
          await this.#images.quiet();
          return this.#merges.begin(this.#machine(), disk, below);
        });
        await done;
      },
      // In turn, so that it also ends one that is about to begin.
      cancelMergeDisk: inTurn(({ disk }) => this.#merges.end(disk)),
      insertMedium: inTurn(({ drive, path }) => this.#machine().insertMedium(drive, path)),
      setLink: inTurn(devices.setLink),
      addDisk: inTurn(devices.addDisk),
      removeDisk: inTurn(async (params) => {
        await this.#merges.end(params.disk);
        await devices.removeDisk(params);
      }),
      addNic: inTurn(devices.addNic),
      removeNic: inTurn(devices.removeNic),
      traffic: ({ nics }) => this.#session?.machine.tellTraffic?.(nics),
      // Not in turn: a guest that does not answer keeps nobody waiting.
      setClock: async () => (await this.#machine().setClock?.()) ?? false,
      memoryTarget: inTurn(({ memoryMiB }) => setMemoryTarget(this.#machine(), memoryMiB)),
      sendKeys: ({ keys }) => {
        const machine = this.#machine();
        for (const bytes of chord(keys)) machine.sendScancodes(bytes);
      },
      typeText: ({ text }) => {
        const machine = this.#machine();
        this.#typist.begin(text, (bytes) => machine.sendScancodes(bytes));
      },
      screenshot: async ({ path }) => writeAtomic(path, await screenPng(this.#machine())),
      screenText: () => this.#machine().screenText(),
      exec: (request) => execInGuest(this.#machine(), request),
      offerSerial: ({ port, address }) => {
        const session = this.#running();
        return offerOnSocket(address, (stream) => serveStream(session, { name: 'serial', port }, stream));
      },
      ping: () => undefined,
    };
  }

  #machine(): RunningMachine {
    return this.#running().machine;
  }

  #running(): Session {
    if (this.#session && !this.#ending) return this.#session;
    throw new Failure('machine.wrong-state', phrase('machine.thisNotRunning'));
  }

  async #launch(config: MachineConfig, paths: LaunchPaths): Promise<void> {
    if (this.#launched) throw new Failure('machine.wrong-state', phrase('machine.launched'));
    this.#launched = true;
    // It may have been started before anybody knew for which machine.
    process.title = processTitle('machine-process', config.name);
    try {
      this.#session = await beginSession(config, paths, this.#engineEvents(), (line) => {
        if (!this.#ending) this.#log(line);
      });
    } catch (error) {
      this.#streams.close();
      throw error;
    }
    this.#streams.open(this.#session);
  }

  async #powerOff(): Promise<void> {
    if (!this.#session) {
      this.#finish(0);
      return;
    }
    this.#beginEnd();
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
    const session = this.#running();
    const { machine } = session;
    this.#isSaving = true;
    try {
      if (!this.#paused) {
        this.#paused = true;
        await machine.pause();
      }
      await this.#merges.end();
      await this.#images.save(session, path, screenPath);
    } finally {
      this.#isSaving = false;
    }
    this.#beginEnd();
    // Everything is on the disk already; what may go wrong here changes nothing.
    await machine
      .powerOff()
      .catch((error: unknown) => this.#log(`After saving: ${toErrorValue(error).message}`));
    this.#finish(0);
  }

  #engineEvents(): EngineEvents {
    return {
      stopped: () => {
        if (this.#ending) return;
        this.#beginEnd();
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
        this.#beginEnd();
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

  /** From now on nothing is asked of the machine any more. */
  #beginEnd(): void {
    this.#ending = true;
    this.#merges.abandon();
    this.#streams.close();
    this.#session?.statistics.stop();
  }

  /** Ends the process when the answer to the command that ended it has left. */
  #finish(status: number): void {
    this.#beginEnd();
    const giveUp = new Promise((resolve) => setTimeout(resolve, lastFlushMs));
    // A snapshot’s memory that is on its way is worth waiting for.
    void Promise.race([this.#images.quiet(), giveUp]).then(() => {
      setTimeout(() => this.exit(status), farewellMs);
    });
  }

  #log(line: string): void {
    for (const part of line.split('\n')) {
      console.log(part);
      this.#rpc.emit('log', { line: part.slice(0, longestLine) });
    }
  }
}
