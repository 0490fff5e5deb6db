import { z } from 'zod';
import { errorValue } from '../ipc/messages';
import { machineConfig } from './config';
import { machineStates } from './state';

/** What a running machine's process tells about it. */
export const machineRuntime = z.object({
  pid: z.number().int().nullable(),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  /** Whether the guest takes absolute pointer positions, or relative movement that needs capture. */
  pointer: z.enum(['absolute', 'relative']),
  screen: z.object({ width: z.number().int(), height: z.number().int(), text: z.boolean() }),
});

export const machineSummary = z.object({
  id: z.string(),
  name: z.string(),
  folder: z.string(),
  state: z.enum(machineStates),
  /** Null when the machine is inaccessible; `problem` then says why. */
  config: machineConfig.nullable(),
  /** The folder or configuration cannot be used: nothing can be done but look, retry or remove it from the list. */
  inaccessible: z.boolean(),
  /** Why it is inaccessible, aborted, or paused by itself. */
  problem: errorValue.nullable(),
  runtime: machineRuntime.nullable(),
  savedAt: z.string().nullable(),
});
export type MachineSummary = z.infer<typeof machineSummary>;
