import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { inspectDisk } from '../disks/inspect';
import { packNames } from '../disks/memory-chunks/packs';
import { packFolderName } from '../disks/memory-chunks/references';
import { writeConfig } from '../machines/folder';
import { diskPath } from '../machines/launch-paths';
import { exists } from '../snapshots/files';
import { filesOf, inFolder, signImages, type SnapshotRecord } from '../snapshots/record';
import { SnapshotStore } from '../snapshots/store';
import type { CloneFiles } from './files';
import { clonedConfig, clonedRecord, type CloneIdentity, keepsMemory, withDisks } from './plan';
import { type CloneSource, firstUnmovable, storeIn } from './source';

/** How far a clone is, in bytes. */
export interface CloneProgress {
  signal: AbortSignal;
  progress(done: number, total: number | null): void;
}

const allImages = (source: Pick<CloneSource, 'chains'>): string[] => [
  ...new Set([...source.chains.values()].flat()),
];

/**
 * Gives the images of a source a second name each, and copies its firmware's variables, so that nothing that happens to
 * the other machine can change them or take them away while the images are copied. @returns the same source with these names; undefined where files cannot have two
 */
export async function pinSource(
  source: CloneSource,
  folder: string,
  files: CloneFiles,
): Promise<CloneSource | undefined> {
  await files.folder(folder);
  for (const image of allImages(source)) {
    if (!(await files.link(image, join(folder, basename(image))))) return undefined;
  }
  const pinned = [...source.chains].map(
    ([id, chain]) => [id, chain.map((image) => join(folder, basename(image)))] as const,
  );
  const firmware = join(folder, '.firmware');
  if (await exists(source.firmware)) await files.copyFolder(source.firmware, firmware);
  return { ...source, chains: new Map(pinned), firmware };
}

/** Fills a folder with a clone that has one image of its own for each disk. @throws Failure as `mergeImages` */
export async function buildFull(
  folder: string,
  source: CloneSource,
  identity: CloneIdentity,
  files: CloneFiles,
  control: CloneProgress,
): Promise<void> {
  const track = await trackOf(
    [...source.chains.values()].map((chain) => [chain[0] ?? '', chain]),
    control,
  );
  const paths: Record<string, string> = {};
  for (const [id, layers] of source.chains) {
    paths[id] = `disks/${id}.qcow2`;
    await files.merge({ layers, below: null, target: inFolder(folder, paths[id]) }, track(layers[0] ?? ''));
  }
  if (await exists(source.firmware)) await files.copyFolder(source.firmware, join(folder, 'firmware'));
  await writeConfig(folder, withDisks(clonedConfig(source.config, identity), paths));
}

/** Fills a folder with a clone that has every snapshot, too. Precondition: nobody writes to the original. */
export async function buildWhole(
  folder: string,
  original: string,
  identity: CloneIdentity,
  files: CloneFiles,
  control: CloneProgress,
): Promise<void> {
  const store = storeIn(original);
  const [config, records] = [await store.config(), await store.records()];
  const inner = new Set<string>();
  for (const { path } of [...records.flatMap((record) => record.config.disks), ...config.disks]) {
    for (const image of await movableChain(store, path)) inner.add(image);
  }
  const memories = keepsMemory(identity)
    ? await present(
        original,
        records.map(({ id }) => filesOf(id).memory),
      )
    : [];
  const packs = memories.length > 0 ? await innerPacks(original) : [];
  const all = [...inner, ...memories, ...packs];
  const track = await trackOf(
    all.map((path) => [path, [inFolder(original, path)]]),
    control,
  );
  const copy = (path: string): Promise<void> =>
    files.copy(inFolder(original, path), inFolder(folder, path), track(path));
  for (const image of inner) await copy(image);
  if (packs.length > 0) await files.folder(inFolder(folder, packFolderName));
  for (const pack of packs) {
    // Nobody ever writes to them, so that they can be one file in both folders.
    if (!(await files.link(inFolder(original, pack), inFolder(folder, pack)))) await copy(pack);
  }
  for (const record of records) {
    const own = filesOf(record.id);
    await files.folder(inFolder(folder, own.folder));
    if (memories.includes(own.memory)) await copy(own.memory);
    for (const path of await present(original, [own.screen])) {
      await files.copy(inFolder(original, path), inFolder(folder, path), { signal: control.signal });
    }
    for (const path of await present(original, [own.firmware])) {
      await files.copyFolder(inFolder(original, path), inFolder(folder, path));
    }
    await writeRecord(folder, clonedRecord(record, identity), files);
  }
  for (const path of await present(original, ['firmware'])) {
    await files.copyFolder(inFolder(original, path), inFolder(folder, path));
  }
  await writeConfig(folder, clonedConfig(config, identity));
}

/**
 * Fills a folder with a clone whose disks go on from the frozen images of another machine, which are in both
 * folders then: a file with two names, so that neither machine needs the other. They are the first snapshot of the
 * clone.
 *
 * @param baseName what that snapshot is called
 */
export async function buildLinked(
  folder: string,
  source: CloneSource,
  identity: CloneIdentity,
  baseName: string,
  files: CloneFiles,
): Promise<void> {
  if (!source.frozen) throw new Failure('internal', 'Only images that nobody writes to can be shared.');
  for (const chain of source.chains.values()) await refuseUnshareable(chain);
  for (const image of allImages(source)) {
    if (await files.link(image, join(folder, 'disks', basename(image)))) continue;
    throw new Failure('host.unavailable', phrase('clone.notShareable'), {
      hint: phrase('clone.notShareableHint'),
    });
  }
  if (await exists(source.firmware)) await files.copyFolder(source.firmware, join(folder, 'firmware'));
  const paths = [...source.chains].map(([id, [top]]) => [id, `disks/${basename(top ?? '')}`] as const);
  const config = withDisks(clonedConfig(source.config, identity), Object.fromEntries(paths));
  await writeConfig(folder, config);
  const store = new SnapshotStore(folder, files);
  const wanted = { description: '', state: 'off', engineVersion: '', createdAt: identity.created } as const;
  const record = await store.record(await store.take({ ...wanted, name: baseName }, false));
  const below = [...source.chains.values()].flatMap(([, ...rest]) => rest.map((image) => basename(image)));
  await writeRecord(folder, { ...record, base: [...new Set(below)].map((name) => `disks/${name}`) }, files);
}

/** The files with the memory of snapshots, inside the machine's folder. */
async function innerPacks(folder: string): Promise<string[]> {
  const names = await packNames(inFolder(folder, packFolderName));
  return names.map((name) => `${packFolderName}/${name}`);
}

async function writeRecord(folder: string, record: SnapshotRecord, files: CloneFiles): Promise<void> {
  const signed = { ...record, images: await signImages(folder, record) };
  await files.write(inFolder(folder, filesOf(record.id).record), `${JSON.stringify(signed, null, 2)}\n`);
}

async function refuseUnshareable(chain: readonly string[]): Promise<void> {
  const unmovable = await firstUnmovable(chain);
  if (unmovable !== undefined) throw notMovable(unmovable);
  for (const image of chain) {
    if (!image.endsWith('.qcow2') || !(await inspectDisk(image)).dirty) continue;
    throw new Failure('disk.in-use', phrase('clone.notClosed', { image }), {
      hint: phrase('clone.notClosedHint'),
    });
  }
}

async function movableChain(store: SnapshotStore, path: string): Promise<string[]> {
  const chain = await store.innerChain(path);
  const unmovable = await firstUnmovable(chain.map((image) => inFolder(store.folder, image)));
  if (unmovable !== undefined) throw notMovable(unmovable);
  for (const image of chain) await diskPath(store.folder, image);
  return chain;
}

function notMovable(image: string): Failure {
  return new Failure('disk.unsupported', phrase('clone.wholePath', { image }), {
    hint: phrase('clone.wholePathHint'),
  });
}

async function present(folder: string, inner: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of inner) if (await exists(inFolder(folder, path))) found.push(path);
  return found;
}

/** Makes one progress of the parts of a task, each of the weight of the files that it reads. */
async function trackOf(
  parts: readonly (readonly [string, readonly string[]])[],
  { signal, progress }: CloneProgress,
): Promise<(part: string) => { signal: AbortSignal; onProgress(done: number, total: number): void }> {
  const weights = new Map<string, number>();
  for (const [part, paths] of parts) {
    let bytes = 0;
    for (const path of paths) {
      const { blocks, size } = await stat(path);
      bytes += process.platform === 'win32' ? size : blocks * 512;
    }
    weights.set(part, bytes);
  }
  const total = [...weights.values()].reduce((sum, bytes) => sum + bytes, 0);
  const done = new Map<string, number>();
  return (part) => ({
    signal,
    onProgress(partDone, partTotal) {
      done.set(part, partTotal === 0 ? 0 : (partDone / partTotal) * (weights.get(part) ?? 0));
      progress(Math.round([...done.values()].reduce((sum, bytes) => sum + bytes, 0)), total);
    },
  });
}
