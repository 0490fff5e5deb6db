import { z } from 'zod';
import { exportFormat, imageCheck } from '../disk/library';

/** What main and a worker process say to each other: one job per process, ended by killing it or by its answer. */
const none = z.strictObject({});
const nothing = z
  .undefined()
  .or(z.null())
  .transform(() => undefined);

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
    result: nothing,
  },
  /** Writes a memory image once more, sharing what others of its machine have; see `shareImage`. */
  shareMemory: { params: z.strictObject({ from: z.string(), path: z.string() }), result: nothing },
  /** Gives back the space of memory that no snapshot of a machine has any more; see `collectMemory`. */
  collectMemory: { params: z.strictObject({ folder: z.string() }), result: nothing },
  /** Copies a file as it is, reads it back and compares; see `copyFileChecked`. */
  copyFile: {
    params: z.strictObject({ source: z.string(), target: z.string() }),
    result: z.object({ bytes: z.number(), sha256: z.string() }),
  },
  /** Writes what a guest sees of a disk into one new image; see `exportDisk`. */
  exportDisk: {
    params: z.strictObject({
      source: z.string(),
      target: z.string(),
      format: exportFormat,
      from: z.enum(['library', 'stranger']),
    }),
    result: nothing,
  },
  /** Checks a qcow2 image's own tables; see `checkQcow2`. */
  checkImage: { params: z.strictObject({ path: z.string() }), result: imageCheck },
  /** The hash of a file, as lower-case hexadecimal digits. */
  hashFile: {
    params: z.strictObject({ path: z.string(), algorithm: z.enum(['sha256', 'sha512']) }),
    result: z.string(),
  },
  /** Ends the job under way; its call fails with `cancelled` and nothing is left of it. */
  cancel: {
    params: none,
    result: nothing,
  },
} as const;
export type WorkerProcessCommands = typeof workerProcessCommands;

export const workerProcessEvents = {
  progress: z.object({ done: z.number(), total: z.number().nullable() }),
} as const;
export type WorkerProcessEvents = typeof workerProcessEvents;
