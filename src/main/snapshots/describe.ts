import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { MachineConfig } from '@shared/machine/config';
import { settingChanges, type SnapshotComparison } from '@shared/snapshot/changes';
import type { Snapshot, SnapshotEstimate, SnapshotList } from '@shared/snapshot/snapshot';
import { commonAncestor } from '@shared/snapshot/tree';
import { isUntouched } from '../disks/chain/chain';
import type { ImageBytes } from '../disks/memory-chunks/counts';
import { memoryBytes } from './memory';
import { imagesOf } from './plan-delete';
import { filesOf, inFolder, type SnapshotRecord } from './record';
import { sameFirmware, sameMemory } from './same';
import type { SnapshotStore } from './store';

/** The snapshots of a machine as a person sees them. @param running the present images are in use */
export async function listSnapshots(
  store: SnapshotStore,
  config: MachineConfig,
  running: boolean,
): Promise<SnapshotList> {
  const { records, broken } = await store.usableRecords();
  const memory = await memoryBytes(store.folder);
  const snapshots = await Promise.all(records.map((record) => describe(store, records, record, memory)));
  const current = records.find((record) => record.id === config.snapshot);
  let presentBytes = 0;
  for (const { path } of config.disks) presentBytes += await store.bytesOf(path);
  return {
    snapshots,
    broken,
    current: current?.id ?? null,
    presentChangedSince: running || current === undefined || (await hasChanged(store, config, current)),
    presentBytes,
  };
}

/** Whether going back to the snapshot that a stopped machine goes on from would lose anything. */
export async function hasChanged(
  store: SnapshotStore,
  config: MachineConfig,
  current: SnapshotRecord,
): Promise<boolean> {
  for (const { path } of config.disks) {
    if (!(await isUntouched(inFolder(store.folder, path)))) return true;
  }
  if (settingChanges(current.config, config).length > 0) return true;
  return !(await sameMemory(store.folder, current.id)) || !(await sameFirmware(store.folder, current.id));
}

async function describe(
  store: SnapshotStore,
  records: readonly SnapshotRecord[],
  record: SnapshotRecord,
  memory: ReadonlyMap<string, ImageBytes>,
): Promise<Snapshot> {
  const files = filesOf(record.id);
  const image = memory.get(inFolder(store.folder, files.memory)) ?? { own: 0, shared: 0 };
  let ownBytes = image.own;
  for (const image of imagesOf(record)) ownBytes += await store.bytesOf(image);
  const { id, parent, name, description, createdAt, state, engineVersion, config } = record;
  return {
    id,
    parent: records.some((other) => other.id === parent) ? parent : null,
    name,
    description,
    createdAt,
    state,
    memory: memory.has(inFolder(store.folder, files.memory)),
    frozen: record.frozen ?? null,
    automatic: record.automatic ?? null,
    engine: config.engine,
    engineVersion,
    hasScreen: await store.has(files.screen),
    ownBytes,
    memoryBytes: image.own + image.shared,
    sharedBytes: (await store.sharedBytes(records, record)) + image.shared,
    config,
  };
}

/** What differs between two snapshots; `b` null is the present. @throws Failure `snapshot.not-found` */
export function compareSnapshots(
  { snapshots, current, presentBytes }: SnapshotList,
  config: MachineConfig,
  a: string,
  b: string | null,
): SnapshotComparison {
  const find = (wanted: string): Snapshot => {
    const found = snapshots.find((snapshot) => snapshot.id === wanted);
    if (found) return found;
    throw new Failure('snapshot.not-found', phrase('snapshot.none'));
  };
  const left = find(a);
  const right = b === null ? null : find(b);
  const sizes = ({ ownBytes, memoryBytes, memory }: Snapshot) => ({ ownBytes, memoryBytes, memory });
  return {
    settings: settingChanges(left.config, right?.config ?? config),
    a: sizes(left),
    b: right ? sizes(right) : { ownBytes: presentBytes, memoryBytes: 0, memory: false },
    commonAncestor: commonAncestor(snapshots, a, b ?? current),
  };
}

/** What deleting snapshots would do to the space on the host. @param running the present images are in use */
export async function estimateDeletion(
  store: SnapshotStore,
  config: MachineConfig,
  ids: readonly string[],
  running: boolean,
): Promise<SnapshotEstimate> {
  const plan = await store.planDelete(ids, running);
  const { freed, needed } = await store.measure(plan, ids);
  const tops = new Set(plan.merges.map(({ layers: [image] }) => image));
  const merged = (await store.records()).filter((record) => imagesOf(record).some((path) => tops.has(path)));
  return {
    freedBytes: freed,
    neededBytes: needed,
    merged: merged.map((record) => record.id),
    mergesPresent: plan.waiting.length > 0 || config.disks.some(({ path }) => tops.has(path)),
  };
}
