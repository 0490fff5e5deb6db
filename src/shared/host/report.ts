import { z } from 'zod';
import { engineCapabilities } from '../engine/capabilities';
import { errorValue } from '../ipc/messages';
import { architecture } from '../machine/config';
import { phraseRef } from '../phrases/phrase';

/** An engine as found on this computer. */
export const engineStatus = z.object({
  capabilities: engineCapabilities,
  available: z.boolean(),
  /** Why it is not, and how to get it. */
  problem: errorValue.nullable(),
});
export type EngineStatus = z.infer<typeof engineStatus>;

/** An emulator in a folder that a person may choose. */
export const foundQemu = z.object({
  architecture,
  path: z.string(),
  version: z.string().nullable(),
  /** Why it cannot be used. */
  problem: errorValue.nullable(),
});
export type FoundQemu = z.infer<typeof foundQemu>;

/** The page *This computer*. Memory in MiB, disk space in bytes. */
export const hostReport = z.object({
  vivarium: z.string(),
  shell: z.enum(['electron', 'browser']),
  /** Versions of the runtimes, e.g. `{ node: '20.20.2', electron: '33.4.11' }`. */
  versions: z.record(z.string(), z.string()),
  os: z.string(),
  architecture: z.string(),
  cpu: z.string(),
  cores: z.number().int(),
  memoryMiB: z.number().int(),
  freeMemoryMiB: z.number().int(),
  dataFolder: z.string(),
  freeSpace: z.number().nullable(),
  engines: z.array(engineStatus),
  /** Things that are there or missing, with what to do about it. */
  facts: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      status: z.enum(['ok', 'missing', 'warning']),
      detail: z.string(),
      hint: z.string().optional(),
      /** What of the texts has fixed wording: to be shown in the person's language. */
      phrases: z.object({ title: phraseRef, detail: phraseRef, hint: phraseRef }).partial().optional(),
    }),
  ),
});
export type HostReport = z.infer<typeof hostReport>;
