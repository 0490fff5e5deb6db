import type { MachineConfig } from '@shared/machine/config';
import { imagesOf } from '../snapshots/plan-delete';
import type { SnapshotRecord } from '../snapshots/record';
import type { CommitStep, Operation } from '../snapshots/steps';

/** An image in a machine's folder; paths are inside the folder. */
export interface RewrittenImage {
  path: string;
  /** What it is based on; null for nothing. */
  below: string | null;
}

/** Where the new image is made. */
export const rewrittenPath = (operationId: string): string => `disks/rewriting-${operationId}.qcow2`;

/**
 * Plans a new image with the contents of an old one, which it then replaces: without what it does not need, and with
 * tables that are right. What is based on it, and the snapshot that it belongs to, go on with the new one. Pure.
 *
 * @param title for the log
 */
export function planRewrite(
  { path, below }: RewrittenImage,
  records: readonly SnapshotRecord[],
  title: string,
  operationId: string,
): Operation {
  const made = rewrittenPath(operationId);
  return {
    title,
    prepare: [{ do: 'merge', path: made, layers: [path], below }],
    commit: [{ do: 'replace', from: made, to: path }, ...resigned(records, path)],
  };
}

/** Plans the replacement of a raw image, which only the present state uses, by a qcow2 image. Pure. */
export function planQcow2(
  config: MachineConfig,
  path: string,
  title: string,
  operationId: string,
): { operation: Operation; made: string } {
  const made = `disks/converted-${operationId}.qcow2`;
  const paths = Object.fromEntries(
    config.disks.filter((disk) => disk.path === path).map(({ id }) => [id, made]),
  );
  return {
    made,
    operation: {
      title,
      prepare: [{ do: 'merge', path: made, layers: [path], below: null }],
      commit: [
        { do: 'config', paths, snapshot: config.snapshot ?? null, settings: null },
        { do: 'remove', path },
      ],
    },
  };
}

/** The records of the snapshots that own an image, to be written without its old signature. */
function resigned(records: readonly SnapshotRecord[], path: string): CommitStep[] {
  return records
    .filter((record) => imagesOf(record).includes(path))
    .map((record): CommitStep => {
      const others = new Set(record.config.disks.filter((disk) => disk.path !== path).map(({ id }) => id));
      const images = Object.fromEntries(Object.entries(record.images).filter(([id]) => others.has(id)));
      return { do: 'record', record: { ...record, images } };
    });
}
