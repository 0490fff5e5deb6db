import type { MachineConfig } from '@shared/machine/config';
import type { AutomaticReason } from '@shared/snapshot/automatic';
import type { SnapshotState } from '@shared/snapshot/snapshot';
import { filesOf, type SnapshotRecord } from './record';
import type { CommitStep, Operation, PrepareStep } from './steps';

/** What goes into a new snapshot. */
export interface NewSnapshot {
  id: string;
  name: string;
  description: string;
  state: SnapshotState;
  /** Why it is taken, if nobody asked for it. */
  automatic?: AutomaticReason | undefined;
  engineVersion: string;
  /** ISO 8601, UTC. */
  createdAt: string;
}

/** What there is besides the disks, to be kept with the snapshot. */
export interface Belongings {
  /** A saved state that becomes its memory image. */
  savedState: boolean;
  savedScreen: boolean;
  firmware: boolean;
}

const savedState = 'saved/state.viv';
const sharedState = 'saved/shared-state.viv';

/** The images that the present state writes to afterwards, by the disks' ids. */
export function newImages(config: MachineConfig, id: string): Record<string, string> {
  return Object.fromEntries(config.disks.map((disk) => [disk.id, `disks/${disk.id}-${id}.qcow2`]));
}

/** Plans a snapshot: the present images are frozen, and new ones are put on top. Pure. */
export function planTake(config: MachineConfig, wanted: NewSnapshot, has: Belongings): Operation {
  const files = filesOf(wanted.id);
  const paths = newImages(config, wanted.id);
  const prepare: PrepareStep[] = [{ do: 'folder', path: files.folder }];
  if (has.savedState) {
    prepare.push({ do: 'shareMemory', from: savedState, path: files.memory });
    prepare.push({ do: 'share', from: files.memory, path: sharedState });
  }
  if (has.savedScreen) prepare.push({ do: 'share', from: 'saved/screen.png', path: files.screen });
  if (has.firmware) prepare.push({ do: 'copyFolder', from: 'firmware', path: files.firmware });
  for (const { id, path: on } of config.disks) {
    prepare.push({ do: 'overlay', path: paths[id] ?? '', on });
  }
  // A snapshot of a machine that will discard its changes is a state of its own.
  const { kept: _base, ...settings } = config;
  const record: SnapshotRecord = {
    ...wanted,
    schema: 1,
    parent: config.snapshot ?? null,
    config: settings,
    images: {},
  };
  const commit: CommitStep[] = [
    { do: 'record', record },
    { do: 'config', paths, snapshot: wanted.id, settings: null },
  ];
  // The machine goes on from the same file, so that its memory is there once.
  if (has.savedState) commit.push({ do: 'replace', from: sharedState, to: savedState });
  return { title: `Take the snapshot “${wanted.name}”`, prepare, commit };
}
