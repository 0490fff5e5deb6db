import { z } from 'zod';

/** What main and a worker process say to each other: one job per process, ended by killing it or by its answer. */
const none = z.strictObject({});

export const workerProcessCommands = {
  /** Copies a raw or qcow2 disk image into a new qcow2 file; the source is never written to. */
  copyDisk: {
    params: z.strictObject({ source: z.string(), target: z.string() }),
    result: z.object({ virtualSize: z.number() }),
  },
  /** Makes one image of several, the newest first; see `mergeImages`. */
  mergeImages: {
    params: z.strictObject({
      layers: z.array(z.string()).min(1),
      below: z.string().nullable(),
      target: z.string(),
    }),
    result: z
      .undefined()
      .or(z.null())
      .transform(() => undefined),
  },
  /** The hash of a file, as lower-case hexadecimal digits. */
  hashFile: {
    params: z.strictObject({ path: z.string(), algorithm: z.enum(['sha256', 'sha512']) }),
    result: z.string(),
  },
  /** Ends the job under way; its call fails with `cancelled` and nothing is left of it. */
  cancel: {
    params: none,
    result: z
      .undefined()
      .or(z.null())
      .transform(() => undefined),
  },
} as const;
export type WorkerProcessCommands = typeof workerProcessCommands;

export const workerProcessEvents = {
  progress: z.object({ done: z.number(), total: z.number().nullable() }),
} as const;
export type WorkerProcessEvents = typeof workerProcessEvents;
