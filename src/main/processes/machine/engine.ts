import type { ErrorValue, Failure } from '@shared/errors';
import type { ByteStream } from '@shared/ipc/byte-stream';
import type { Phrase } from '@shared/phrases/phrase';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { ExecRequest, ExecResult } from '@shared/machine/exec';
import type { DiskConfig, EngineId, MachineConfig, NicConfig } from '@shared/machine/config';
import type { MachineStatistics, NicRates } from '@shared/machine/statistics';
import type { PullOptions } from '../../disks/block-device';

/**
 * What every engine is to the rest of the machine process. Engines receive paths and streams; they know nothing of
 * the library, of storage layout, or of networks' configuration. `test/conformance/engine.ts` holds them to this.
 */
export interface Engine<Plan = unknown> {
  readonly id: EngineId;
  /**
   * Turns a configuration into what will be started, without touching anything. Pure.
   * @throws Failure `engine.unsupported` when the engine cannot do what the configuration asks
   */
  plan(config: MachineConfig, paths: LaunchPaths): Plan;
  /**
   * Starts the guest, or restores it when `paths.savedState` is set. Resolves when the guest's CPU runs.
   * @throws Failure `file.*`, `disk.*`, `medium.*`, `saved-state.*`: nothing has been changed then
   */
  launch(plan: Plan, events: EngineEvents): Promise<RunningMachine>;
}

/** What a running machine tells. Called at any time after `launch` began, never after `powerOff` has resolved. */
export interface EngineEvents {
  /** The guest powered off. The disks are flushed when it is told. */
  stopped(): void;
  /** The engine paused the machine because of a fault of the host. `resume` tries again. */
  pausedByProblem(problem: ErrorValue): void;
  /** The machine was resumed past this program: by the engine's own monitor. */
  resumed(): void;
  /** The engine cannot go on. */
  failed(error: ErrorValue): void;
  /** Told, as the size of the screen is, once somebody looks and with each change from then on. */
  pointer(mode: 'absolute' | 'relative'): void;
  screen(size: { width: number; height: number; text: boolean }): void;
  log(line: string): void;
  /** Something that a person should know, though nothing is wrong now. */
  notice?(said: Phrase): void;
  /** The guest let a device go that nobody waits for any more, or that nobody asked for. */
  deviceGone?(id: string): void;
}

/** A guest under way. Calls are made one at a time; each resolves when its effect is there. */
export interface RunningMachine {
  /** When it resolves no guest instruction runs, and everything written is on the host's disk. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** The hardware reset: the guest boots again, the disks keep their contents. */
  reset(): Promise<void>;
  /** Presses the ACPI power button. False where the guest does not listen. */
  powerButton(): Promise<boolean>;
  /** Ends the guest at once; disks are flushed and closed. */
  powerOff(): Promise<void>;
  /** Why the guest's memory cannot be saved now; undefined when nothing is known to speak against it. */
  saveObstacle?(): Promise<Failure | undefined>;
  /** Precondition: paused. Leaves it paused; the disks are flushed. */
  saveState(sink: StateSink): Promise<void>;
  /**
   * Puts a new, empty image on top of each disk and, with a sink, takes the guest's memory at that moment. The guest
   * stands still meanwhile and then does what it did before; the old images are closed and will not change again.
   *
   * @param overlays absolute paths, by the disks' ids
   * @returns when the images are in use
   * @throws Failure the old images are in use as before
   */
  takeSnapshot(overlays: ReadonlyMap<string, string>, sink: StateSink | null): Promise<TakenSnapshot>;
  /**
   * Takes what lies between a disk's image and another one below it over into the image, while the guest uses it. The
   * images in between are closed then. Other calls may be made meanwhile; before `takeSnapshot`, `saveState` and the
   * removal of the disk it must have settled. It ends with the machine. Missing where an engine cannot do that.
   *
   * @param below a file in the image's own folder; null: nothing is to be below
   * @throws Failure `cancelled`, `disk.*`, `file.*`: the guest reads what it did before, from all of the images
   */
  mergeDisk?(disk: string, below: string | null, options: PullOptions): Promise<void>;
  /** `path` null ejects. @throws Failure as for `launch`; the old medium stays then */
  insertMedium(drive: string, path: string | null): Promise<void>;
  /** Serves RFB to one more viewer until the stream closes. */
  connectGraphics(stream: ByteStream): void;
  /** Adds one more reader and writer of a serial port; everyone gets all output, the last 64 KiB first. */
  connectSerial(port: number, stream: ByteStream): void;
  /** Adds one more terminal of the engine's own monitor; missing where there is none. */
  connectMonitor?(stream: ByteStream): void;
  /** Shares clipboards with one more viewer (`text-frames.ts`), as far as the configuration lets them. */
  connectClipboard?(stream: ByteStream): void;
  /** Set-1 scancode bytes (make and break codes), as a PC keyboard controller gives them. */
  sendScancodes(bytes: readonly number[]): void;
  /** The screen as it is now. */
  capture(): ScreenCapture | Promise<ScreenCapture>;
  /** The screen as it was a moment ago, for thumbnails: where that is cheaper than `capture`. */
  preview?(): ScreenCapture | Promise<ScreenCapture>;
  /** The rows of a text screen; null in graphics. */
  screenText(): string[] | null;
  /** Plugs or unplugs a network cable. */
  setLink(nic: string, connected: boolean): Promise<void>;
  /** Disks and network cards that come and go while the guest runs; missing where an engine cannot do that. */
  readonly hotPlug?: HotPlugging;
  /**
   * Asks the guest to put everything into its file systems and to stop writing, for a copy of its disks that is as
   * good as after a shutdown. False where nothing in the guest can do that. Every freeze is followed by a thaw.
   */
  freezeDisks?(): Promise<boolean>;
  thawDisks?(): Promise<void>;
  /**
   * Sets the guest's clock to the host's time, after the guest has stood still. False where nothing in the guest can
   * do that; missing where an engine has no way to ask.
   */
  setClock?(): Promise<boolean>;
  /**
   * Averages since the previous call.
   * @param watched somebody looks at them: what costs the guest something is measured as often, otherwise seldom
   */
  statistics(watched?: boolean): MachineStatistics | Promise<MachineStatistics>;
  /**
   * Runs a program in the guest, by an agent that listens there.
   * @throws Failure `host.unavailable` where none does, `timeout`, `engine.failed` what the agent says
   */
  exec?(request: ExecRequest): Promise<ExecResult>;
  /** Totals of the machine's network cards since it began, from their switches, where the engine does not count. */
  tellTraffic?(nics: readonly NicRates[]): void;
  /**
   * Asks the guest to make do with so much of its memory, in MiB. It follows as far as it can; `statistics` tells.
   * @throws Failure `engine.unsupported` when the machine has no memory balloon
   */
  setMemoryTarget?(memoryMiB: number): Promise<void>;
}

/**
 * A device that was added is the same, at the same place, for a guest that is launched with it in its configuration:
 * a state that was saved after it was added is restored by such a launch.
 */
export interface HotPlugging {
  /** @param path absolute, of an image that is complete. @throws Failure; nothing has been changed then */
  addDisk(disk: DiskConfig, path: string): Promise<void>;
  /** Resolves when the guest has let it go and its image is closed. @throws Failure `timeout`; it stays then */
  removeDisk(id: string): Promise<void>;
  /** @param socket where the card listens for its switch. @throws Failure; nothing has been changed then */
  addNic(nic: NicConfig, socket: string | null): Promise<void>;
  /** Resolves when the guest has let it go. @throws Failure `timeout`; it stays then */
  removeNic(id: string): Promise<void>;
  /** Waits for the guest no longer: removals under way fail with `cancelled`, for a machine that is to end. */
  giveUp(): void;
}

/** A snapshot whose images are in use. */
export interface TakenSnapshot {
  /** Settles when the memory has been written, or cannot be: also when the sink takes no more of it. */
  memory: Promise<void>;
  /** For how long the guest stood still, in milliseconds; 0 for one that did so anyway. */
  pausedMs: number;
}

/** Pixels as R, G, B, A bytes, rows from the top, no padding. `version` changes whenever the picture does. */
export interface ScreenCapture {
  width: number;
  height: number;
  rgba: Uint8Array;
  version: number;
}

/** Where a memory image goes, piece by piece; resolves when the piece has been taken. */
export interface StateSink {
  /** How much it will be altogether, in bytes, where that is known beforehand. */
  expect?(bytes: number): void;
  write(data: Uint8Array): Promise<void>;
}
