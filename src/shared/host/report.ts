import { z } from 'zod';
import { engineCapabilities } from '../engine/capabilities';
import { errorValue } from '../ipc/messages';

/** An engine as found on this computer. */
export const engineStatus = z.object({
  capabilities: engineCapabilities,
  available: z.boolean(),
  /** Why it is not, and how to get it. */
  problem: errorValue.nullable(),
});
export type EngineStatus = z.infer<typeof engineStatus>;

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
    }),
  ),
});
export type HostReport = z.infer<typeof hostReport>;
