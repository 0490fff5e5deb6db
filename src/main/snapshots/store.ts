import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { MachineConfig } from '@shared/machine/config';
import { ancestorsOf } from '@shared/snapshot/tree';
import { chainOf, formatOf } from '../disks/chain/chain';
import { measureMerge, type MergeOptions } from '../disks/chain/merge';
import { bytesToTakeOver } from '../disks/chain/taken-over';
import { openDisk } from '../disks/open-disk';
import { freedMemory } from './memory';
import { readFolder } from '../machines/folder';
import { syncFile } from '../platform/sync-file';
import { newMachineId } from '../machines/identity';
import { exists, type SnapshotFiles } from './files';
import { JournalledFolder, type PendingOperation, type Recovery } from './journal';
import { innerPathOf, readImageTree, refuseForeignFeatures } from './image-tree';
import { type DeletePlan, imagesOf, keptImages, type Merge, planDelete } from './plan-delete';
import { planDiscard, planKeep } from './plan-discard';
import { mergeNote, notedImages, noteImages } from './merge-note';
import { planRestore } from './plan-restore';
import { newImages, type NewSnapshot, planTake } from './plan-take';
import { filesOf, inFolder, readRecords, readUsableRecords, type SnapshotRecord } from './record';

/** A live snapshot between its two halves. */
export interface LiveTake {
  pending: PendingOperation;
  id: string;
  /** Absolute paths of the new images, by the disks' ids. */
  overlays: Record<string, string>;
}

/** The snapshots of one machine's folder, as files. The caller keeps everybody else away from the folder. */
export class SnapshotStore {
  private readonly journalled: JournalledFolder;

  constructor(
    readonly folder: string,
    private readonly files: SnapshotFiles,
  ) {
    this.journalled = new JournalledFolder(folder, files);
  }

  /** Finishes or undoes what was interrupted. @throws Failure `journal.unfinished` */
  recover(): Promise<Recovery | undefined> {
    return this.journalled.recover();
  }

  /** @throws Failure `snapshot.broken`, `file.*` */
  records(): Promise<SnapshotRecord[]> {
    return readRecords(this.folder);
  }

  /** What can be read of them, and the ids of the others. @throws Failure `file.*` */
  usableRecords(): ReturnType<typeof readUsableRecords> {
    return readUsableRecords(this.folder);
  }

  /** @throws Failure `snapshot.not-found` */
  async record(id: string): Promise<SnapshotRecord> {
    const { records } = await readUsableRecords(this.folder);
    const found = records.find((record) => record.id === id);
    if (found) return found;
    throw new Failure('snapshot.not-found', phrase('snapshot.none'));
  }

  /** Precondition: the machine does not run. @param memory keeps the saved state, if there is one, as the memory */
  async take(wanted: Omit<NewSnapshot, 'id'>, memory: boolean, options?: MergeOptions): Promise<string> {
    const { pending, id } = await this.beginTake(wanted, memory, options);
    await pending.decide();
    await pending.finish();
    return id;
  }

  /** The first half of a snapshot: new images are ready to be put on top. */
  async beginTake(
    wanted: Omit<NewSnapshot, 'id'>,
    memory: boolean,
    options?: MergeOptions,
  ): Promise<LiveTake> {
    const config = await this.config();
    const id = newMachineId();
    const has = {
      savedState: memory && (await this.has('saved/state.viv')),
      savedScreen: memory && (await this.has('saved/screen.png')),
      firmware: await this.has('firmware'),
    };
    const pending = await this.journalled.begin(planTake(config, { ...wanted, id }, has), options);
    const overlays = Object.fromEntries(
      Object.entries(newImages(config, id)).map(([disk, path]) => [disk, inFolder(this.folder, path)]),
    );
    return { pending, id, overlays };
  }

  /**
   * Goes back to a snapshot; the present state is gone then. Precondition: the machine does not run.
   *
   * @throws Failure `snapshot.not-found`, `snapshot.broken`: nothing has been changed
   */
  async restore(id: string, memory: boolean): Promise<void> {
    const pending = await this.beginRestore(id, memory);
    await pending.decide();
    await pending.finish();
  }

  /** The first half of `restore`, also of a machine that still runs: all that needs room on the disk is there. */
  async beginRestore(id: string, memory: boolean): Promise<PendingOperation> {
    const record = await this.record(id);
    await this.checkImages(record.config);
    const files = filesOf(id);
    const has = {
      memory: memory && (await this.has(files.memory)),
      screen: await this.has(files.screen),
      firmware: await this.has(files.firmware),
    };
    const abandoned = await this.abandonedImages();
    return this.journalled.begin(planRestore(record, has, abandoned, newMachineId()));
  }

  /** What a deletion would do, in files. @param running the present images are in use */
  async planDelete(ids: readonly string[], running: boolean): Promise<DeletePlan> {
    const records = await this.records();
    const doomed = new Set(ids);
    for (const id of doomed) {
      if (records.some((record) => record.id === id)) continue;
      throw new Failure('snapshot.not-found', phrase('snapshot.none'));
    }
    const config = await this.config();
    const present = config.disks.map(({ path }) => path);
    const images = await readImageTree(this.folder, records, [...present, ...keptImages(config.kept)]);
    // What a running machine has taken over is below nothing any more.
    for (const image of await notedImages(this.folder)) {
      if (!images.below.has(image)) images.below.set(image, null);
    }
    const pinned = new Set(running ? present : []);
    // Elsewhere files that are open can be replaced and removed; there the whole chain has to stay.
    if (running && process.platform === 'win32') {
      for (const path of present) (await this.innerChain(path)).forEach((image) => pinned.add(image));
    }
    const current = config.snapshot ?? null;
    const plan = planDelete(records, current, doomed, images, pinned, newMachineId(), config.kept);
    for (const { layers } of plan.merges) await refuseForeignFeatures(this.folder, layers);
    if (await this.has(mergeNote)) plan.operation.commit.push({ do: 'remove', path: mergeNote });
    return plan;
  }

  /** @throws Failure what went wrong; everything is as it was then */
  async delete(plan: DeletePlan, options: MergeOptions = {}): Promise<void> {
    await this.settleHeaders();
    await this.journalled.run(plan.operation, options);
  }

  /** @throws Failure `snapshot.not-found`, `file.*` */
  async edit(id: string, texts: { name: string; description: string }): Promise<void> {
    // What a person has named is theirs: it is not thinned out any more.
    const { automatic: _reason, ...rest } = await this.record(id);
    await this.writeRecord({ ...rest, ...texts });
  }

  /** Notes what images of a snapshot hold, by the disks' ids: SHA-256, hexadecimal. @throws as `edit` */
  async noteDigests(id: string, digests: Readonly<Record<string, string>>): Promise<void> {
    const record = await this.record(id);
    const images = Object.entries(record.images).map(([disk, signature]) => {
      const sha256 = digests[disk] ?? signature.sha256;
      return [disk, sha256 === undefined ? signature : { ...signature, sha256 }];
    });
    await this.writeRecord({ ...record, images: Object.fromEntries(images) });
  }

  private writeRecord(record: SnapshotRecord): Promise<void> {
    const path = inFolder(this.folder, filesOf(record.id).record);
    return this.files.write(path, `${JSON.stringify(record, null, 2)}\n`);
  }

  /** What the files of a plan occupy and would occupy, in bytes. */
  async measure(plan: DeletePlan, ids: readonly string[]): Promise<{ freed: number; needed: number }> {
    let needed = 0;
    let replaced = 0;
    for (const { layers } of plan.merges) {
      needed += await measureMerge(layers.map((layer) => inFolder(this.folder, layer)));
      replaced += await this.bytesOf(layers[0] ?? '');
    }
    let freed = replaced - needed;
    for (const image of plan.removed) freed += await this.bytesOf(image);
    for (const merge of plan.waiting) {
      const taken = await this.bytesToMerge(merge);
      needed += taken;
      freed -= taken;
      for (const layer of merge.layers.slice(1)) freed += await this.bytesOf(layer);
    }
    freed += await freedMemory(
      this.folder,
      ids.map((id) => inFolder(this.folder, filesOf(id).memory)),
    );
    return { freed: Math.max(0, freed), needed };
  }

  /** Images that a running machine merges, or has merged: they belong to no snapshot. @throws Failure */
  mergedImages(): Promise<string[]> {
    return notedImages(this.folder);
  }

  /** To be called before a running machine is asked to merge images that belong to no snapshot. @throws Failure */
  async noteMerges(merges: readonly Merge[]): Promise<void> {
    const images = merges.flatMap(({ layers }) => layers.slice(1));
    await noteImages(this.folder, images, this.files);
  }

  /** What a running machine has taken over goes when a killed program has left it. @throws Failure */
  async removeMerged(): Promise<void> {
    const noted = await notedImages(this.folder);
    const { records, broken } = await readUsableRecords(this.folder);
    // Nobody knows what belongs to a snapshot that cannot be read.
    if (broken.length > 0) return;
    const { disks, kept } = await this.config();
    const present = disks.map(({ path }) => path);
    const { below } = await readImageTree(this.folder, records, [...present, ...keptImages(kept)]);
    const unneeded = noted.filter((image) => !below.has(image));
    await this.settleHeaders();
    const commit = [...unneeded, mergeNote].map((path) => ({ do: 'remove' as const, path }));
    await this.journalled.run({ title: 'Remove what has been merged', prepare: [], commit });
  }

  /** Nothing goes before the headers that do not name it any more are on the disk for good. */
  private async settleHeaders(): Promise<void> {
    if (!(await this.has(mergeNote))) return;
    for (const { path } of (await this.config()).disks) {
      await syncFile(inFolder(this.folder, path)).catch((error: unknown) => {
        // On Windows nobody else may write to what QEMU has open; but then it has seen to that itself.
        if ((error as { code?: string }).code !== 'EBUSY') throw error;
      });
    }
  }

  /** By how much the first of the images grows when it takes over what the others have, in bytes at most. */
  bytesToMerge({ layers }: Merge): Promise<number> {
    const [image = '', ...others] = layers.map((layer) => inFolder(this.folder, layer));
    return bytesToTakeOver(image, others);
  }

  /** What an image or file occupies, in bytes; nothing where there is none. */
  async bytesOf(inner: string): Promise<number> {
    const path = inFolder(this.folder, inner);
    if (!(await exists(path))) return 0;
    const { blocks, size } = await stat(path);
    return process.platform === 'win32' ? size : blocks * 512;
  }

  /** The images below one, the image itself first, as far as they are in the machine's folder. */
  async innerChain(inner: string): Promise<string[]> {
    const chain = await chainOf(inFolder(this.folder, inner));
    return chain.map((path) => this.inner(path)).filter((path) => path !== undefined);
  }

  /** The images of snapshots from which `record`'s own go on. */
  async sharedBytes(records: readonly SnapshotRecord[], record: SnapshotRecord): Promise<number> {
    const images = new Set(ancestorsOf(records, record.id).flatMap(imagesOf));
    let bytes = 0;
    for (const image of images) bytes += await this.bytesOf(image);
    return bytes;
  }

  has(inner: string): Promise<boolean> {
    return exists(inFolder(this.folder, inner));
  }

  /** @throws Failure `machine.*` */
  async config(): Promise<MachineConfig> {
    const { config, problem } = await readFolder(this.folder);
    if (config) return config;
    throw new Failure('machine.inaccessible', phrase('machine.folderUnusable', { folder: this.folder }), {
      cause: problem ?? undefined,
    });
  }

  /** Every frozen image must be there, with all that it is based on, and open. @throws Failure `snapshot.broken` */
  async checkImages({ disks }: { disks: readonly { path: string }[] }): Promise<void> {
    for (const { path } of disks) {
      try {
        const image = inFolder(this.folder, path);
        await (await openDisk(image, { readOnly: true, format: formatOf(image) })).close();
      } catch (error) {
        throw new Failure('snapshot.broken', phrase('snapshot.imageUnusable', { path }), {
          hint: phrase('snapshot.imageUnusableHint'),
          cause: error,
        });
      }
    }
  }

  /** Images of the present state, down to the first that a snapshot owns. */
  private async abandonedImages(): Promise<string[]> {
    const { records, broken } = await readUsableRecords(this.folder);
    // Nobody knows what belongs to a snapshot that cannot be read.
    if (broken.length > 0) return [];
    const needed = await this.neededImages(records.flatMap(imagesOf));
    const abandoned: string[] = [];
    for (const { path } of (await this.config()).disks) {
      for (const image of await this.innerChain(path)) {
        if (needed.has(image)) break;
        abandoned.push(image);
      }
    }
    return [...new Set(abandoned)];
  }

  /** The given images, and everything below them. */
  private async neededImages(images: readonly string[]): Promise<Set<string>> {
    const needed = new Set<string>();
    for (const image of images) {
      if (!needed.has(image)) (await this.innerChain(image)).forEach((below) => needed.add(below));
    }
    return needed;
  }

  /**
   * Puts images on top of the present ones that are thrown away again by `discard`. Precondition: the machine does
   * not run, and there is nothing to discard yet.
   */
  async keep(): Promise<void> {
    await this.journalled.run(planKeep(await this.config(), await this.has('firmware'), newMachineId()));
  }

  /**
   * Goes back to what was kept. False where there was nothing to go back to. Precondition: the machine does not run.
   * @throws Failure `snapshot.broken` when what was kept is not there: nothing has been changed
   */
  async discard(): Promise<boolean> {
    const config = await this.config();
    const { kept } = config;
    if (!kept) return false;
    // A disk that was removed meanwhile stays removed: what it was kept on is nobody's then.
    const backTo = config.disks.flatMap(({ id }) => kept.paths[id] ?? []);
    await this.checkImages({ disks: backTo.map((path) => ({ path })) });
    const { records, broken } = await readUsableRecords(this.folder);
    const needed = await this.neededImages([...records.flatMap(imagesOf), ...backTo]);
    const abandoned: string[] = [];
    // Nobody knows what belongs to a snapshot that cannot be read.
    for (const { id, path } of broken.length > 0 ? [] : config.disks) {
      if (kept.paths[id] === undefined) continue;
      // One that cannot be read any more is thrown away all the same.
      const chain = await this.innerChain(path).catch(() => [path]);
      abandoned.push(...chain.filter((image) => !needed.has(image)));
    }
    const frozen = await this.neededImages(records.flatMap(imagesOf));
    const isFrozen = (image: string): boolean => broken.length > 0 || frozen.has(image);
    const has = await this.has('kept/firmware');
    await this.journalled.run(planDiscard(config, kept, isFrozen, abandoned, has, newMachineId()));
    return true;
  }

  /** The path inside the machine's folder; undefined for one outside. */
  inner(path: string): string | undefined {
    return innerPathOf(this.folder, path);
  }

  /** Everything in `disks/`. @throws the errors of `node:fs` */
  async diskFiles(): Promise<string[]> {
    return (await readdir(join(this.folder, 'disks'))).map((name) => `disks/${name}`);
  }

  /** The names of everything in `snapshots/`. @throws the errors of `node:fs` */
  snapshotFolders(): Promise<string[]> {
    return readdir(join(this.folder, 'snapshots'));
  }
}
