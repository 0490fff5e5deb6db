import type { MachineConfig } from '@shared/machine/config';
import { filesOf, type SnapshotRecord } from './record';
import type { CommitStep, Operation, PrepareStep } from './steps';

/** What a snapshot has besides its disks. */
export interface Contents {
  /** Whether its memory image is there and wanted. */
  memory: boolean;
  screen: boolean;
  firmware: boolean;
}

/**
 * Plans the way back to a snapshot: new images on top of its frozen ones, its settings, its firmware variables and,
 * with its memory, a saved state from which the machine goes on. Pure.
 *
 * @param abandoned images of the present state, which nothing will need any more
 */
export function planRestore(
  record: SnapshotRecord,
  has: Contents,
  abandoned: readonly string[],
  operationId: string,
): Operation {
  const files = filesOf(record.id);
  const staging = `snapshots/restoring-${operationId}`;
  const paths = restoredImages(record.config, operationId);
  const prepare: PrepareStep[] = [{ do: 'folder', path: staging }];
  if (has.memory) {
    prepare.push({ do: 'folder', path: `${staging}/saved` });
    if (has.screen) prepare.push({ do: 'share', from: files.screen, path: `${staging}/saved/screen.png` });
    prepare.push({ do: 'share', from: files.memory, path: `${staging}/saved/state.viv` });
  }
  if (has.firmware) prepare.push({ do: 'copyFolder', from: files.firmware, path: `${staging}/firmware` });
  for (const { id, path: on } of record.config.disks) {
    prepare.push({ do: 'overlay', path: paths[id] ?? '', on });
  }
  const commit: CommitStep[] = [
    { do: 'config', paths, snapshot: record.id, settings: record.config, kept: null },
    { do: 'remove', path: 'kept' },
    has.memory ? { do: 'replace', from: `${staging}/saved`, to: 'saved' } : { do: 'remove', path: 'saved' },
    has.firmware
      ? { do: 'replace', from: `${staging}/firmware`, to: 'firmware' }
      : { do: 'remove', path: 'firmware' },
    { do: 'remove', path: staging },
    ...abandoned.map((path): CommitStep => ({ do: 'remove', path })),
  ];
  return { title: `Restore the snapshot “${record.name}”`, prepare, commit };
}

function restoredImages(config: MachineConfig, operationId: string): Record<string, string> {
  return Object.fromEntries(config.disks.map(({ id }) => [id, `disks/${id}-${operationId}.qcow2`]));
}
