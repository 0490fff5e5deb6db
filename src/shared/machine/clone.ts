import { z } from 'zod';
import { snapshotId } from '../snapshot/snapshot';
import { machineId, machineName } from './config';

/** How a machine is to be made of another one. */
export const cloneRequest = z.strictObject({
  id: machineId,
  /** What it is made of; null for the present state of a machine that is off. */
  snapshot: snapshotId.nullable(),
  name: machineName,
  /** `full`: images of its own. `linked`: the frozen images are shared, and only what differs takes space. */
  kind: z.enum(['full', 'linked']),
  /** With all snapshots; a full clone of the present state only. */
  snapshots: z.boolean(),
  /** With the same hardware addresses: for a machine that takes the place of the other one. */
  keepAddresses: z.boolean(),
});
export type CloneRequest = z.infer<typeof cloneRequest>;

/** What cloning would take; sizes in bytes. */
export const cloneEstimate = z.object({
  /** What a full clone needs, without and with the snapshots. */
  bytes: z.number(),
  bytesWithSnapshots: z.number(),
  /** What there is where it would be made; null where the system does not tell. */
  freeBytes: z.number().nullable(),
  /** Whether images can be shared with a machine there: on the same drive, and in one folder. */
  linkable: z.boolean(),
  /** A linked clone of the present state needs a snapshot of it, which it has not yet. */
  takesSnapshot: z.boolean(),
  /** Snapshots, and how many of them have memory: that fits only machines with the same addresses. */
  snapshots: z.number().int(),
  snapshotsWithMemory: z.number().int(),
});
export type CloneEstimate = z.infer<typeof cloneEstimate>;

/** Another machine that has images in common with one. Neither needs the other: each image is in both folders. */
export const sharedWith = z.object({
  id: z.string(),
  name: z.string(),
  /** What the images in common occupy. */
  bytes: z.number(),
});
export type SharedWith = z.infer<typeof sharedWith>;
