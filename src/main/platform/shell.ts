import type { ParamsInput } from '@shared/ipc/rpc';
import type { Commands } from '@shared/ipc/contract';
import type { UpdateStatus } from '@shared/updates/status';

export type PickPurpose = ParamsInput<Commands, 'host.pickPath'>['purpose'];

/**
 * What the core asks of the shell around it: Electron (`main/app`) or browser mode (`main/server`). What a shell
 * cannot do it leaves out; the core then says so in `app.info`, or refuses with `host.unavailable`.
 */
export interface Shell {
  readonly kind: 'electron' | 'browser';
  /** Moves a file or folder to the operating system's trash. Rejects when that fails; nothing is lost then. */
  moveToTrash?(path: string): Promise<void>;
  /** Shows a file or folder in the system's file manager. */
  showInFolder?(path: string): Promise<void>;
  /** Opens an https address in the system's browser. */
  openExternal?(url: string): Promise<void>;
  /** A native dialog; null when the person cancelled. */
  pickPath?(purpose: PickPurpose): Promise<string | null>;
  /** Opens or focuses the console window of a machine. */
  openConsole?(machineId: string): void;
  /** Brings the program to the front: a second instance was started on the same data folder. */
  focus?(): void;
  /** Whether the desktop has a tray that an icon can be put into. */
  hasTray?(): Promise<boolean>;
  /** Starting when the person logs in. */
  launchAtLogin?: { get(): Promise<boolean>; set(on: boolean): Promise<void> };
  /** It hears when the computer goes to sleep, and can keep it from doing so. */
  readonly hearsSleep?: boolean;
  /** Ends the program and starts it again. Called once the core has shut down. */
  restart?(): void;
  /** Newer versions of the program. Missing where somebody else looks after that. */
  readonly updates?: ShellUpdates;
  /** Ends the program. Called once the core has shut down. */
  quit?(): void;
  /** The person decided not to quit after all. */
  quitCancelled?(): void;
}

/** Looks for newer versions, brings them and installs them. What goes wrong is in the status. */
export interface ShellUpdates {
  readonly status: UpdateStatus;
  /** The program has been asked to end for it. */
  readonly installing: boolean;
  onChange(listener: (status: UpdateStatus) => void): void;
  check(): Promise<UpdateStatus>;
  download(): Promise<UpdateStatus>;
  cancel(): void;
  /**
   * Ends the program, asking first where machines run, and installs what was downloaded.
   *
   * @throws Failure `input.invalid` when nothing was
   */
  installAndRestart(): void;
}
