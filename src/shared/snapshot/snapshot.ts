import { z } from 'zod';
import { engineId, machineConfig } from '../machine/config';
import { automaticReason } from './automatic';

/** Made by us; from outside they only ever serve as keys. */
export const snapshotId = z.string().regex(/^[a-z0-9]{16}$/);
/** A person's text: what is shown, never part of a path. */
export const snapshotName = z.string().trim().min(1).max(200);
export const snapshotDescription = z.string().max(10_000);

/** What the machine did when the snapshot was taken; restoring brings it back to that. */
export const snapshotState = z.enum(['off', 'saved', 'running', 'paused']);
export type SnapshotState = z.infer<typeof snapshotState>;

/** One moment of a machine that can be gone back to: its disks, its settings and, with `memory`, its memory. */
export const snapshot = z.object({
  id: snapshotId,
  /** The snapshot that this one's disks go on from; null for a root of the tree. */
  parent: snapshotId.nullable(),
  name: z.string(),
  description: z.string(),
  /** ISO 8601, UTC. */
  createdAt: z.string(),
  state: snapshotState,
  /** There is a memory image, so that the guest goes on from here instead of booting. */
  memory: z.boolean(),
  engine: engineId,
  /**
   * Of a running machine's disks without its memory: whether the guest had put its file systems in order and stood
   * still, or the disks are as after pulling the plug. Null for every other snapshot.
   */
  frozen: z.boolean().nullable(),
  /** What wrote the memory image; the same version is needed to read it. */
  engineVersion: z.string(),
  /** Why it was taken, where nobody asked for it; such ones are thinned out. Null for a person's. */
  automatic: automaticReason.nullable(),
  /** There is a picture of the screen: `snapshot.screen`. */
  hasScreen: z.boolean(),
  /** What nothing else needs of what it occupies on the host: images, and parts of its memory; in bytes. */
  ownBytes: z.number(),
  /** Its memory, those parts included that other snapshots have as well. */
  memoryBytes: z.number(),
  /** What it shares with others, the disk images below it and parts of its memory; in bytes. */
  sharedBytes: z.number(),
  /** The machine's settings at that moment. */
  config: machineConfig,
});
export type Snapshot = z.infer<typeof snapshot>;

export const snapshotList = z.object({
  /** Oldest first, so that parents come before their children. */
  snapshots: z.array(snapshot),
  /** Snapshots whose record cannot be read; nothing is deleted while there are any. */
  broken: z.array(snapshotId).default([]),
  /** The snapshot that the present state goes on from; null while there is none. */
  current: snapshotId.nullable(),
  /** The disks, or the settings that count, differ from `current`; true while there is none, or the machine runs. */
  presentChangedSince: z.boolean(),
  /** What the disks have taken up since `current`, in bytes. */
  presentBytes: z.number(),
});
export type SnapshotList = z.infer<typeof snapshotList>;

/** What deleting snapshots would do to the space on the host, in bytes; an estimate. */
export const snapshotEstimate = z.object({
  /** What comes back in the end. */
  freedBytes: z.number(),
  /** What is needed for a while, for the disks that are merged before they replace the old ones. */
  neededBytes: z.number(),
  /** The other snapshots whose disks are merged; the present state is one more where it is concerned. */
  merged: z.array(snapshotId),
  mergesPresent: z.boolean(),
});
export type SnapshotEstimate = z.infer<typeof snapshotEstimate>;
