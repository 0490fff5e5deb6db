import type { KeptState } from '@shared/machine/config';
import { withoutItems, survivingAncestor } from '@shared/snapshot/tree';
import { filesOf, type SnapshotRecord } from './record';
import type { CommitStep, Operation, PrepareStep } from './steps';

/** What a machine's disks consist of. Paths are inside its folder. */
export interface ImageTree {
  /** By image, the one that it is based on; null for none. */
  below: Map<string, string | null>;
  /** The images that the present state writes to. */
  present: readonly string[];
}

/** Images that become one, the newest first; and what they are based on, null for nothing. */
export interface Merge {
  layers: string[];
  below: string | null;
}

export interface DeletePlan {
  operation: Operation;
  /** Into one that takes the place of the first. */
  merges: Merge[];
  /**
   * What only the process of the running machine can merge: into the first, which it writes to. The images stay until
   * then.
   */
  waiting: Merge[];
  /** Images that are not there afterwards. */
  removed: string[];
}

/** The images that a machine goes back to which discards its changes. */
export function keptImages(kept: KeptState | undefined): string[] {
  return Object.values(kept?.paths ?? {});
}

/** The images of a snapshot. */
export function imagesOf(record: Pick<SnapshotRecord, 'config'>): string[] {
  return record.config.disks.map(({ path }) => path);
}

/**
 * Plans the deletion of snapshots. What goes on from their images gets a merged one of its own; images in the chain
 * of the present state that belong to no snapshot any more are merged along the way.
 *
 * @param pinned images in use that can neither be replaced nor lose what is below them: those of a running machine.
 * What they need stays, as images of no snapshot, until it has been merged.
 * @param operationId part of the names of new files
 * @param kept what the machine goes back to when it is powered off
 */
export function planDelete(
  records: readonly SnapshotRecord[],
  current: string | null,
  doomed: ReadonlySet<string>,
  images: ImageTree,
  pinned: ReadonlySet<string>,
  operationId: string,
  kept?: KeptState,
): DeletePlan {
  const left = withoutItems(records, doomed);
  const bases = left.flatMap(({ base = [] }) => base);
  const stay = new Set([...left.flatMap(imagesOf), ...bases, ...images.present, ...keptImages(kept)]);
  const merges: Merge[] = [];
  const waiting: Merge[] = [];
  const needed = new Set<string>();
  for (const image of stay) {
    const layers = [image];
    let below = images.below.get(image) ?? null;
    while (below !== null && !stay.has(below) && images.below.has(below)) {
      layers.push(below);
      below = images.below.get(below) ?? null;
    }
    if (layers.length === 1) continue;
    if (!pinned.has(image)) {
      merges.push({ layers, below });
      continue;
    }
    layers.forEach((layer) => needed.add(layer));
    if (images.present.includes(image)) waiting.push({ layers, below });
  }
  const removed = [...images.below.keys()].filter((image) => !stay.has(image) && !needed.has(image));

  const prepare = merges.map(({ layers, below }, index): PrepareStep => {
    return { do: 'merge', path: mergedPath(operationId, index), layers, below };
  });
  const replaced = merges.map(({ layers: [image] }, index): CommitStep => {
    return { do: 'replace', from: mergedPath(operationId, index), to: image ?? '' };
  });
  // A merged image is another file than the one that was signed.
  const changedImages = new Set(merges.map(({ layers: [image] }) => image));
  const parents = new Map(records.map(({ id, parent }) => [id, parent]));
  const rewritten = left
    .filter((record) => {
      return (
        record.parent !== parents.get(record.id) || imagesOf(record).some((path) => changedImages.has(path))
      );
    })
    .map((record): CommitStep => ({ do: 'record', record: unsigned(record, changedImages) }));
  const snapshot = survivingAncestor(records, current, doomed);
  const after = kept && { ...kept, snapshot: survivingAncestor(records, kept.snapshot, doomed) };
  const isSame = snapshot === current && after?.snapshot === kept?.snapshot;
  const config: CommitStep[] = isSame
    ? []
    : [{ do: 'config', paths: {}, snapshot, settings: null, ...(after ? { kept: after } : {}) }];
  const removals = [...[...doomed].map((id) => filesOf(id).folder), ...removed].map((path): CommitStep => ({
    do: 'remove',
    path,
  }));
  const collection: CommitStep[] = doomed.size > 0 ? [{ do: 'collectMemory' }] : [];
  const title =
    doomed.size === 0
      ? 'Merge what deleted snapshots have left'
      : doomed.size === 1
        ? 'Delete a snapshot'
        : `Delete ${doomed.size} snapshots`;
  return {
    operation: { title, prepare, commit: [...replaced, ...rewritten, ...config, ...removals, ...collection] },
    merges,
    waiting,
    removed,
  };
}

/** The record without the signatures of images that become other files. */
function unsigned(record: SnapshotRecord, changed: ReadonlySet<string | undefined>): SnapshotRecord {
  const same = record.config.disks.filter(({ path }) => !changed.has(path)).map(({ id }) => id);
  const images = Object.fromEntries(Object.entries(record.images).filter(([id]) => same.includes(id)));
  return { ...record, images };
}

function mergedPath(operationId: string, index: number): string {
  return `disks/merging-${operationId}-${index}.qcow2`;
}
