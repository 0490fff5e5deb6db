import type { ErrorValue } from '@shared/errors';
import type { ByteStream } from '@shared/ipc/byte-stream';
import type { LaunchPaths } from '@shared/ipc/machine-process';
import type { EngineId, MachineConfig } from '@shared/machine/config';
import type { MachineStatistics } from '@shared/machine/summary';

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
  /** The engine cannot go on. */
  failed(error: ErrorValue): void;
  pointer(mode: 'absolute' | 'relative'): void;
  screen(size: { width: number; height: number; text: boolean }): void;
  log(line: string): void;
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
  /** `path` null ejects. @throws Failure as for `launch`; the old medium stays then */
  insertMedium(drive: string, path: string | null): Promise<void>;
  /** Serves RFB to one more viewer until the stream closes. */
  connectGraphics(stream: ByteStream): void;
  /** Adds one more reader and writer of a serial port; everyone gets all output, the last 64 KiB first. */
  connectSerial(port: number, stream: ByteStream): void;
  /** Set-1 scancode bytes (make and break codes), as a PC keyboard controller gives them. */
  sendScancodes(bytes: readonly number[]): void;
  /** The screen as it is now. */
  capture(): ScreenCapture | Promise<ScreenCapture>;
  /** The rows of a text screen; null in graphics. */
  screenText(): string[] | null;
  /** Plugs or unplugs a network cable. */
  setLink(nic: string, connected: boolean): Promise<void>;
  /**
   * Asks the guest to put everything into its file systems and to stop writing, for a copy of its disks that is as
   * good as after a shutdown. False where nothing in the guest can do that. Every freeze is followed by a thaw.
   */
  freezeDisks?(): Promise<boolean>;
  thawDisks?(): Promise<void>;
  /** Averages since the previous call. */
  statistics(): MachineStatistics | Promise<MachineStatistics>;
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
