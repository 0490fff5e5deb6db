import { z } from 'zod';
import { innerPath, keptState, machineId } from '@shared/machine/config';
import { storedConfig } from '@shared/machine/migrate';
import { snapshotRecord } from './record';

/** Paths in steps are inside the machine's folder, and nothing but these places is ever touched. */
const stepPath = innerPath.refine(
  (path) => /^((disks|snapshots|firmware|saved|kept)(\/|$)|merging\.json$)/.test(path),
  'not a place that snapshots have to do with',
);

/** Makes something new at `path`. To undo it is to remove `path`. */
export const prepareStep = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('folder'), path: stepPath }),
  /** An empty image on top of another. */
  z.strictObject({ do: z.literal('overlay'), path: stepPath, on: stepPath }),
  /** One image made of several, or of one without what it does not need; see `mergeImages`. */
  z.strictObject({
    do: z.literal('merge'),
    path: stepPath,
    layers: z.array(stepPath).min(1),
    below: stepPath.nullable(),
  }),
  /** The same file under a second name, or a copy where the file system has no such thing. */
  z.strictObject({ do: z.literal('share'), path: stepPath, from: stepPath }),
  /** A memory image whose equal parts are those of the machine's other images; see `shareImage`. */
  z.strictObject({ do: z.literal('shareMemory'), path: stepPath, from: stepPath }),
  z.strictObject({ do: z.literal('copyFolder'), path: stepPath, from: stepPath }),
]);
export type PrepareStep = z.infer<typeof prepareStep>;

/** Changes what is there. Each may be carried out again after it was, in whole or in part. */
export const commitStep = z.discriminatedUnion('do', [
  /** Where `from` is there, it takes the place of `to`; where it is not, it already has. */
  z.strictObject({ do: z.literal('replace'), from: stepPath, to: stepPath }),
  z.strictObject({ do: z.literal('remove'), path: stepPath }),
  /** Writes a snapshot's record; images of it that are not signed yet are signed as they are at that moment. */
  z.strictObject({ do: z.literal('record'), record: snapshotRecord }),
  /** Gives back the space of memory that no snapshot has any more; see `collectMemory`. */
  z.strictObject({ do: z.literal('collectMemory') }),
  /** Points the machine to other images; with `settings`, these become its settings. */
  z.strictObject({
    do: z.literal('config'),
    paths: z.record(z.string(), innerPath),
    snapshot: machineId.nullable(),
    settings: storedConfig.nullable(),
    /** What the machine goes back to when it is powered off; null: nothing any more; missing: as before. */
    kept: keptState.nullable().optional(),
  }),
]);
export type CommitStep = z.infer<typeof commitStep>;

/** A change of several steps: first only new things are made, then they take the place of the old. */
export interface Operation {
  /** For the log: what is done. */
  title: string;
  prepare: PrepareStep[];
  commit: CommitStep[];
}
