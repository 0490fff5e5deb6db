import { z } from 'zod';
import { showTarget } from '../desktop/target';
import { machineId } from '../machine/config';
import { machineSummary } from '../machine/summary';
import { networkStatistics } from '../network/report';
import { sshUser } from '../network/ssh';
import { networkSummary } from '../network/summary';
import { saidPhrase } from '../phrases/phrase';
import { updateStatus } from '../updates/status';
import { errorValue } from './messages';
import { appCommands } from './contract/app';
import { hostCommands } from './contract/host';
import { machineCommands } from './contract/machine';
import { networkCommands } from './contract/network';
import { storageCommands } from './contract/storage';
import { id } from './contract/define';
import { job } from './contract/job';
import { preferences } from './contract/preferences';

export { longestTyping } from './contract/define';
export { folderEntry } from './contract/host';
export { type Job, job } from './contract/job';
export { type Preferences, preferences } from './contract/preferences';

/**
 * The contract between a user interface and main: every command, event and stream. Handlers, the typed client,
 * browser mode and the docs derive from these tables; nothing else crosses the boundary.
 */
export const commands = {
  ...appCommands,
  ...hostCommands,
  ...machineCommands,
  ...storageCommands,
  ...networkCommands,
};
export type Commands = typeof commands;
export type CommandName = keyof Commands & string;

/** The line that `npm run selftest -- boot` prints. */
export const selftestResult = z.object({
  ok: z.boolean(),
  engine: z.string(),
  /** From the start of the machine to the shell's answer, in milliseconds; null when it did not come. */
  shellMs: z.number().nullable(),
  error: errorValue.optional(),
});
export type SelftestResult = z.infer<typeof selftestResult>;

export const events = {
  'machine.changed': machineSummary,
  'machine.removed': z.object({ id: z.string() }),
  /** Something about a machine that a person should know, though nothing is wrong now. */
  'machine.notice': z.object({ id: z.string(), notice: saidPhrase }),
  /** Its snapshots, or what its present state goes on from, are not what they were: ask for the list again. */
  'snapshot.changed': z.object({ id: z.string() }),
  'network.changed': networkSummary,
  'network.removed': z.object({ id: z.string() }),
  /** Once a second while something moves. */
  'network.statistics': z.object({ id: z.string(), statistics: networkStatistics }),
  'job.changed': job,
  'preferences.changed': preferences,
  /** The manager window is led somewhere. */
  'app.show': showTarget,
  'updates.changed': updateStatus,
  /** Quitting was asked for while machines run: the user interface asks what to do with them. */
  'app.quitAsked': z.object({
    running: z.array(machineSummary),
    /** They run in the background, and go on there if they are let. */
    canLeave: z.boolean().optional(),
  }),
} as const;
export type Events = typeof events;

/** Streams: what a client names when it asks for a port. All of them are `ByteStream`s. */
export const streams = {
  /** RFB (RFC 6143), the client being the viewer. */
  'console.graphics': id,
  /** The bytes of a serial port, with the last 64 KiB of its output first. */
  'console.serial': z.strictObject({ id: machineId, port: z.number().int().min(0).max(3) }),
  /** The monitor of the engine, for experts: a terminal. Closed at once where there is none. */
  'console.monitor': id,
  /**
   * A terminal in which the system's ssh logs in to a running machine; `terminal-process.ts` has what is sent to it.
   * `user` null: who it was last time.
   */
  'console.ssh': z.strictObject({
    id: machineId,
    user: sshUser.nullable(),
    columns: z.number().int().min(2).max(1000),
    rows: z.number().int().min(2).max(1000),
  }),
  /** Texts on the clipboard, both ways, framed as in `text-frames.ts`; as far as the machine's setting lets them. */
  'console.clipboard': id,
  /** `StatisticsMessage`s: with `history` what was before, then one a second. */
  'machine.statistics': z.strictObject({ id: machineId, history: z.boolean() }),
  /** PNG images of the screen, each one message, at most 2 a second and only when something changed. */
  'console.thumbnail': z.strictObject({ id: machineId, width: z.number().int().min(16).max(640) }),
} as const;
export type Streams = typeof streams;
export type StreamName = keyof Streams;
