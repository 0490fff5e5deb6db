import type { StreamChannel } from '@shared/ipc/byte-stream';
import type { MessageChannelLike } from '@shared/ipc/messages';

/** The bundled entries that can be started as processes of their own: file names below `out/main`. */
export type ProcessEntry = 'machine-process' | 'worker-process' | 'switch-process' | 'terminal-process';

/**
 * Starts the program's own helper processes. Two implementations: Electron's utility processes (`main/app`), and
 * Node's child processes in browser mode, tests and the command line (`main/platform/node-process-host.ts`).
 */
export interface ProcessHost {
  /** `label` is what a person sees in a process list. */
  start(entry: ProcessEntry, label: string): HostedProcess;
}

export interface ProcessExit {
  code: number | null;
  /** The signal that ended it, where the platform tells. */
  signal: string | null;
}

/** A helper process as seen by the one that started it. */
export interface HostedProcess extends MessageChannelLike {
  readonly pid: number | undefined;
  /** The last lines that it printed, oldest first, at most 200. */
  readonly tail: readonly string[];
  /** Resolves when it has ended, however it ended. */
  readonly exited: Promise<ProcessExit>;
  /** Hands one end of a stream to the process, which serves it. `description` is what `onStream` will see there. */
  giveStream(description: unknown, endpoint: StreamEndpoint): void;
  /** Opens a stream between main itself and the process, for what little main has to say (the self-test's serial port). */
  openStream(description: unknown): StreamChannel;
  /** Ends it at once (SIGKILL or the like). */
  kill(): void;
}

/**
 * One end of a stream on its way to a process, in the form that the shell has it: a MessagePort of Electron, or a
 * WebSocket that the process is to accept.
 */
export type StreamEndpoint =
  | { kind: 'message-port'; port: unknown }
  | {
      kind: 'web-socket';
      socket: import('node:net').Socket;
      head: Uint8Array;
      headers: Record<string, string>;
    };

/** The other side: what a helper process has to speak to the one that started it. */
export interface ParentLink extends MessageChannelLike {
  onStream(listener: (description: unknown, channel: StreamChannel) => void): void;
}
