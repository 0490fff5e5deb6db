import { z } from 'zod';
import { errorValue } from '../ipc/messages';

/** Who needs an image. */
export const imageUse = z.discriminatedUnion('by', [
  /** The present state of a machine writes to it. */
  z.object({ by: z.literal('machine'), machine: z.string(), disk: z.string() }),
  z.object({ by: z.literal('snapshot'), machine: z.string(), snapshot: z.string(), name: z.string() }),
  /** It is in a drive of a machine. */
  z.object({ by: z.literal('drive'), machine: z.string(), drive: z.string() }),
  /** Only other images go on from it. */
  z.object({ by: z.literal('chain'), machine: z.string() }),
  /** The machine goes back to it when it is powered off. */
  z.object({ by: z.literal('kept'), machine: z.string() }),
  /** Nobody knows: a snapshot, or an image that may go on from it, cannot be read. */
  z.object({ by: z.literal('unknown'), machine: z.string() }),
]);
export type ImageUse = z.infer<typeof imageUse>;

/** How an image is, as far as a quick look tells. */
export const imageHealth = z.enum([
  'ok',
  /** It was not closed: a start, or a check, counts its clusters anew. Or it is in use. */
  'unclosed',
  /** It is marked as damaged. */
  'damaged',
  /** It, or what it is based on, cannot be opened. */
  'broken',
  /** It belongs to a snapshot and is not what it was when that was taken. */
  'changed',
  /** Nobody needs it. */
  'orphan',
]);
export type ImageHealth = z.infer<typeof imageHealth>;

/** One image file of the library; sizes in bytes. */
export const libraryImage = z.object({
  /** Absolute; what commands on it take. */
  path: z.string(),
  name: z.string(),
  /** `disk`: in a machine's folder. `medium`: a CD, floppy or disk image elsewhere. */
  kind: z.enum(['disk', 'medium']),
  /** The machine in whose folder it lies. */
  machine: z.string().nullable(),
  /** That machine runs, or a long task has it: the image can only be looked at. */
  inUse: z.boolean(),
  format: z.enum(['qcow2', 'raw', 'iso', 'other']),
  /** What a guest sees; null where it cannot be read. */
  virtualSize: z.number().nullable(),
  /** What it occupies. */
  fileSize: z.number(),
  /** The images that it is based on, the nearest first: absolute paths. */
  chain: z.array(z.string()),
  usedBy: z.array(imageUse),
  /** The names of other machines that have the same file in their folders. */
  sharedWith: z.array(z.string()),
  health: imageHealth,
  problem: errorValue.nullable(),
});
export type LibraryImage = z.infer<typeof libraryImage>;

/** What a check of everything found in one machine's folder. */
export const diskComplaints = z.object({
  machine: z.string(),
  name: z.string(),
  /** It runs, so that its disks cannot be checked now. */
  skipped: z.boolean(),
  complaints: z.array(z.object({ path: z.string(), message: z.string() })),
});
export type DiskComplaints = z.infer<typeof diskComplaints>;

/** What a check of one image's own tables found. */
export const imageCheck = z.object({
  /** Clusters that the image refers to. */
  clusters: z.number(),
  /** What can lose data: each with a sentence, at most 100 of them. */
  errors: z.array(z.string()),
  errorCount: z.number(),
  /** Clusters that nothing refers to but that are counted as used: only space is lost. */
  leakedClusters: z.number(),
});
export type ImageCheck = z.infer<typeof imageCheck>;

export const exportFormats = ['qcow2', 'raw'] as const;
export const exportFormat = z.enum(exportFormats);
export type ExportFormat = z.infer<typeof exportFormat>;

/** An image in a machine's folder, as commands name it: its path inside the folder. */
export const innerImage = z
  .string()
  .max(512)
  .regex(/^disks\/[^/\\:\0]+$/)
  .refine((path) => path !== 'disks/..' && path !== 'disks/.', 'must be a file');
