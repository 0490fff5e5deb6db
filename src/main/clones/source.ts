import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { MachineConfig } from '@shared/machine/config';
import { chainOf, formatOf, isUntouched } from '../disks/chain/chain';
import { inspectDisk } from '../disks/inspect';
import { diskPath } from '../machines/launch-paths';
import { hostSnapshotFiles } from '../snapshots/files';
import { filesOf, inFolder, type SnapshotRecord } from '../snapshots/record';
import { SnapshotStore } from '../snapshots/store';

/** One moment of a machine that clones can be made of. Paths are absolute. */
export interface CloneSource {
  folder: string;
  /** Its disks name the images that the clone's disks go on from. */
  config: MachineConfig;
  /** The images of each disk, the newest first. */
  chains: ReadonlyMap<string, string[]>;
  /** Firmware variables and the state of a TPM. */
  firmware: string;
  /** The images belong to a snapshot, so that nobody writes to them any more. */
  frozen: boolean;
  /** The snapshot whose images they are. */
  record: SnapshotRecord | null;
}

export const storeIn = (folder: string): SnapshotStore => new SnapshotStore(folder, hostSnapshotFiles());

/**
 * A snapshot, or the present state of a machine. Where nothing has been written since the last snapshot, the
 * present state is what that one froze.
 *
 * @throws Failure `snapshot.not-found`, `snapshot.broken`, `machine.*`, `disk.*`, `file.*`
 */
export async function readSource(folder: string, snapshot: string | null): Promise<CloneSource> {
  const store = storeIn(folder);
  if (snapshot !== null) {
    const record = await store.record(snapshot);
    const firmware = inFolder(folder, filesOf(snapshot).firmware);
    return sourceOf(folder, record.config, firmware, record);
  }
  const config = await store.config();
  const firmware = join(folder, 'firmware');
  const record = await unchangedSince(store, config);
  if (!record) return sourceOf(folder, config, firmware, null);
  const paths = new Map(record.config.disks.map(({ id, path }) => [id, path]));
  const disks = config.disks.map((disk) => ({ ...disk, path: paths.get(disk.id) ?? disk.path }));
  return sourceOf(folder, { ...config, disks }, firmware, record);
}

async function sourceOf(
  folder: string,
  config: MachineConfig,
  firmware: string,
  record: SnapshotRecord | null,
): Promise<CloneSource> {
  const chains = new Map<string, string[]>();
  for (const { id, path } of config.disks) {
    const chain = await chainOf(inFolder(folder, path));
    for (const image of chain) {
      // The folder may come from a stranger, whose image could draw any file of this computer into a guest.
      if (dirname(image) === join(folder, 'disks')) {
        await diskPath(folder, `disks/${basename(image)}`);
        continue;
      }
      throw new Failure('disk.unsupported', phrase('clone.outside', { image }), {
        hint: phrase('clone.outsideHint'),
      });
    }
    chains.set(id, chain);
  }
  if (record) await refuseChanged(folder, record);
  return { folder, config, chains, firmware, frozen: record !== null, record };
}

/** The current snapshot, where the present state has the same disks and nothing has been written to them. */
async function unchangedSince(
  store: SnapshotStore,
  config: MachineConfig,
): Promise<SnapshotRecord | undefined> {
  if (config.snapshot === undefined || config.disks.length === 0) return undefined;
  const { records } = await store.usableRecords();
  const record = records.find(({ id }) => id === config.snapshot);
  if (!record || record.config.disks.length !== config.disks.length) return undefined;
  for (const { id, path } of config.disks) {
    const frozen = record.config.disks.find((disk) => disk.id === id);
    const image = inFolder(store.folder, path);
    if (!frozen || !(await isUntouched(image))) return undefined;
    const [, below] = await chainOf(image);
    if (below !== inFolder(store.folder, frozen.path)) return undefined;
    // A disk that has been made longer is another one, even with nothing written to it.
    if ((await inspectDisk(image)).virtualSize !== (await inspectDisk(below)).virtualSize) return undefined;
  }
  return record;
}

async function refuseChanged(folder: string, record: SnapshotRecord): Promise<void> {
  for (const { id, path } of record.config.disks) {
    const { size } = await stat(inFolder(folder, path));
    if (record.images[id] === undefined || record.images[id].bytes === size) continue;
    throw new Failure('snapshot.broken', phrase('clone.changed', { path }), {
      hint: phrase('clone.changedHint'),
    });
  }
}

/**
 * Whether the images of a chain find one another in any folder that has all of them, so that they can be taken
 * over as they are. @returns the first that does not; undefined when all do
 */
export async function firstUnmovable(chain: readonly string[]): Promise<string | undefined> {
  for (const [index, image] of chain.entries()) {
    const below = chain[index + 1];
    if (below === undefined || formatOf(image) === 'raw') continue;
    if ((await inspectDisk(image)).backingFile !== basename(below)) return image;
  }
  return undefined;
}
