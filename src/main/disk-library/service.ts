import { rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { DiskComplaints, ExportFormat, ImageCheck, LibraryImage } from '@shared/disk/library';
import { Failure, toErrorValue } from '@shared/errors';
import type { Job } from '@shared/ipc/contract';
import { imageIdentities } from '../clones/sharing';
import { backingOf, formatOf } from '../disks/chain/chain';
import { inspectDisk } from '../disks/inspect';
import { growDisk } from '../disks/grow';
import { syncFolder } from '../disks/host-file';
import type { JobControl } from '../jobs/registry';
import { type MachinesContext, requireConfig, requireState } from '../machines/context';
import { newMachineId } from '../machines/identity';
import type { MachineKeeper } from '../machines/keeper';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';
import { runWorkerJob } from '../platform/worker-job';
import { JournalledFolder } from '../snapshots/journal';
import { inFolder } from '../snapshots/record';
import type { Operation } from '../snapshots/steps';
import { SnapshotStore } from '../snapshots/store';
import { verifyDisks } from '../snapshots/verify';
import { workerSnapshotFiles } from '../snapshots/worker-files';
import { convertForeign, foreignFormatOf } from './foreign';
import { listImages } from './list';
import { moveFile } from './move';
import { planQcow2, planRewrite, rewrittenPath } from './plan';

/** The images of the library, whoever uses them. */
export class DiskLibrary {
  constructor(
    private readonly machines: MachineService,
    private readonly context: MachinesContext,
    private readonly keeper: MachineKeeper,
    private readonly mediaFolder: string,
  ) {}

  list(): Promise<LibraryImage[]> {
    return listImages({
      machines: this.machines.library.all(),
      mediaFolder: this.mediaFolder,
      isBusy: (machine) => machine.runner !== undefined || this.keeper.busy.has(machine.id),
    });
  }

  /** Checks what must hold for the disks of every machine that is off. The job's result is `DiskComplaints[]`. */
  verify(): { jobId: string } {
    return this.job('verifyDisks', '', '', 'steps', async ({ progress, signal }) => {
      const all = this.machines.library.all().filter(({ config }) => config !== null);
      const found: DiskComplaints[] = [];
      for (const [index, machine] of all.entries()) {
        signal.throwIfAborted();
        progress(index, all.length);
        const skipped = machine.runner !== undefined;
        const complaints = skipped ? [] : await this.complaints(machine);
        found.push({ machine: machine.id, name: machine.name, skipped, complaints });
      }
      return found;
    });
  }

  /** Checks the tables of one image; the job's result is an `ImageCheck`. */
  check(id: string, image: string): { jobId: string } {
    const machine = this.accessible(id);
    this.requireQcow2(image);
    return this.job('checkDisk', id, labelOf(machine, image), 'steps', (control) =>
      this.keeper.during(machine, 'is having a disk checked', () => this.checkNow(machine, image, control)),
    );
  }

  /**
   * Makes an image as small as its contents allow. The contents of the new one are compared with those of the old
   * one before it takes its place. The job's result is `{ before, after }` in bytes.
   */
  compact(id: string, image: string): { jobId: string } {
    const machine = this.accessible(id);
    this.requireQcow2(image);
    return this.job('compactDisk', id, labelOf(machine, image), 'bytes', (control) =>
      this.keeper.during(machine, 'is having a disk compacted', async () => {
        const shared = (await imageIdentities(machine.folder)).get(image);
        if (shared) {
          throw new Failure('input.invalid', `Another machine shares this image: ${image}`, {
            hint: 'Compacting it would give each of them an image of its own, which takes more space.',
          });
        }
        return this.rewrite(machine, image, 'Compact', control);
      }),
    );
  }

  /**
   * Repairs an image whose contents can still be read: they are written into a new one, which is compared and
   * checked before it takes the place of the old one.
   */
  repair(id: string, image: string): { jobId: string } {
    const machine = this.accessible(id);
    this.requireQcow2(image);
    return this.job('repairDisk', id, labelOf(machine, image), 'bytes', (control) =>
      this.keeper.during(machine, 'is having a disk repaired', () =>
        this.rewrite(machine, image, 'Repair', control).catch((error: unknown) => {
          const { code, message } = toErrorValue(error);
          if (code !== 'disk.corrupt' && code !== 'medium.truncated') throw error;
          throw new Failure(code, `The image cannot be repaired without loss: ${message}`, {
            hint: 'It is as it was. Restore a snapshot or a backup; or make a copy of the file and try “qemu-img check -r all” on that.',
            cause: error,
          });
        }),
      ),
    );
  }

  /** Makes a disk of a machine that is off longer; what is added reads as zeros. @param size in bytes */
  async grow(id: string, image: string, size: number): Promise<void> {
    const machine = this.accessible(id);
    requireState(machine, 'configure');
    await this.keeper.during(machine, 'is having a disk resized', async () => {
      this.requirePresent(machine, image);
      const path = inFolder(machine.folder, image);
      const { virtualSize } = await inspectDisk(path);
      if (size < virtualSize) {
        throw new Failure('input.invalid', 'A disk cannot be made smaller.', {
          hint: 'What lies at its end would be lost, and only the guest knows what that is. Compact it to free space.',
        });
      }
      await growDisk(path, formatOf(path), size);
      machine.note(`${image} was made ${size} bytes long`);
    });
    await this.changed(machine);
  }

  /** Replaces a raw image of a machine's disk by a qcow2 image, so that snapshots of it need little space. */
  toQcow2(id: string, image: string): { jobId: string } {
    const machine = this.accessible(id);
    requireState(machine, 'configure');
    if (formatOf(image) !== 'raw') throw new Failure('input.invalid', 'This image is a qcow2 image already.');
    return this.job('convertDisk', id, labelOf(machine, image), 'bytes', (control) =>
      this.keeper.during(machine, 'is having a disk converted', async () => {
        this.requirePresent(machine, image);
        const { operation, made } = planQcow2(
          requireConfig(machine),
          image,
          `Convert ${image}`,
          newMachineId(),
        );
        await this.journalled(machine).run(operation, this.merging(control));
        await this.changed(machine);
        return { image: made };
      }),
    );
  }

  /**
   * Writes what a guest sees of an image into a new one, anywhere. @param source any image: one of the library with
   * all that it is based on, or another one that needs no other
   */
  async export(source: string, target: string, format: ExportFormat): Promise<{ jobId: string }> {
    for (const path of [source, target]) {
      if (!isAbsolute(path)) throw new Failure('input.invalid', `An absolute path is needed: ${path}`);
    }
    if (formatOf(target) !== format) {
      throw new Failure('input.invalid', 'The name of a qcow2 image ends with .qcow2, and of no other.');
    }
    const image = (await this.list()).find(({ path }) => path === source);
    const machine = image?.machine ? this.accessible(image.machine) : undefined;
    const written = image?.usedBy.some(({ by }) => by === 'machine') ?? false;
    if (machine && written) this.keeper.requireRest(machine);
    const from = machine ? 'library' : 'stranger';
    const foreign = machine ? undefined : await foreignFormatOf(source);
    if (foreign) {
      return this.job('exportDisk', '', basename(target), 'steps', async (control) => {
        await convertForeign(source, foreign, target, format, control);
        return { path: target };
      });
    }
    return this.job('exportDisk', machine?.id ?? '', basename(target), 'bytes', async (control) => {
      const work = (): Promise<void> =>
        runWorkerJob(this.context.processHost, 'exportDisk', { source, target, format, from }, control);
      await (machine && written ? this.keeper.during(machine, 'is having a disk copied', work) : work());
      return { path: target };
    });
  }

  /** Moves an image that is not in a machine's folder, or that no machine needs, into another folder. */
  async move(path: string, folder: string): Promise<{ jobId: string }> {
    if (!isAbsolute(folder)) throw new Failure('input.invalid', `An absolute path is needed: ${folder}`);
    const image = await this.movable(path);
    return this.job('moveImage', image.machine ?? '', image.name, 'bytes', async (control) => {
      const users = image.usedBy.flatMap((use) => (use.by === 'drive' ? [use] : []));
      for (const { machine } of users) requireState(this.accessible(machine), 'insertMedium');
      const target = join(folder, basename(path));
      await moveFile(path, target, {
        copy: async (to) => {
          const files = { source: path, target: to };
          await runWorkerJob(this.context.processHost, 'copyFile', files, control);
        },
        // Both names are there while the drives change over, so that none is ever without its image.
        switchOver: async () => {
          for (const { machine, drive } of users) await this.machines.insertMedium(machine, drive, target);
        },
      });
      return { path: target };
    });
  }

  /** Removes an image that nobody needs. @throws Failure `input.invalid` for one that somebody needs */
  async remove(path: string, how: 'trash' | 'erase'): Promise<void> {
    const { shell } = this.context;
    if (how === 'trash' && !shell.moveToTrash) {
      throw new Failure('host.unavailable', 'There is no trash here.', { hint: 'Erase the image instead.' });
    }
    const drop = async (): Promise<void> => {
      // What it is may have changed since it was looked at.
      const image = await this.find(path);
      if (image.usedBy.length > 0) {
        throw new Failure('input.invalid', `This image is in use, so it is kept: ${path}`);
      }
      if (how === 'trash') await shell.moveToTrash?.(path);
      else await rm(path);
      await syncFolder(dirname(path));
    };
    await this.movable(path);
    const machine = this.machines.library.all().find(({ folder }) => dirname(path) === join(folder, 'disks'));
    await (machine ? this.keeper.during(machine, 'is having a file removed', drop) : drop());
  }

  private async checkNow(machine: Machine, image: string, control: JobControl): Promise<ImageCheck> {
    return runWorkerJob(
      this.context.processHost,
      'checkImage',
      { path: inFolder(machine.folder, image) },
      control,
    );
  }

  private async rewrite(
    machine: Machine,
    image: string,
    what: string,
    control: JobControl,
  ): Promise<{ before: number; after: number }> {
    const store = this.storeOf(machine);
    const path = inFolder(machine.folder, image);
    const backing = await backingOf(path);
    if (backing !== undefined && dirname(backing) !== dirname(path)) {
      throw new Failure('disk.unsupported', `${image} is based on an image outside the machine: ${backing}`);
    }
    if ((await inspectDisk(path)).readOnlyFeatures) {
      throw new Failure(
        'disk.unsupported',
        `${image} contains internal snapshots or bitmaps of another program.`,
        {
          hint: 'They would be lost. Remove them with qemu-img first, if they are not needed.',
        },
      );
    }
    const below = backing === undefined ? null : `disks/${basename(backing)}`;
    const operationId = newMachineId();
    const before = await store.bytesOf(image);
    const plan = planRewrite({ path: image, below }, await store.records(), `${what} ${image}`, operationId);
    await this.commitChecked(machine, plan, rewrittenPath(operationId), control);
    machine.note(`${what} ${image}: ${before} bytes before, ${await store.bytesOf(image)} after`);
    await this.changed(machine);
    return { before, after: await store.bytesOf(image) };
  }

  /** Carries out a plan, unless the new image does not pass the check: then everything is as it was. */
  private async commitChecked(
    machine: Machine,
    plan: Operation,
    made: string,
    control: JobControl,
  ): Promise<void> {
    const pending = await this.journalled(machine).begin(plan, this.merging(control));
    try {
      const { errors } = await this.checkNow(machine, made, { signal: control.signal, progress: () => {} });
      if (errors[0] !== undefined)
        throw new Failure('disk.corrupt', `The new image is not right: ${errors[0]}`);
    } catch (error) {
      await pending.undo(error);
      throw error;
    }
    await pending.decide();
    await pending.finish();
  }

  private async complaints(machine: Machine): Promise<DiskComplaints['complaints']> {
    try {
      return await this.keeper.during(machine, 'is being checked', () => verifyDisks(this.storeOf(machine)));
    } catch (error) {
      return [{ path: 'machine.json', message: toErrorValue(error).message }];
    }
  }

  /** @throws Failure `input.invalid` for what is no image of the library */
  private async find(path: string): Promise<LibraryImage> {
    const image = (await this.list()).find((one) => one.path === path);
    if (image) return image;
    throw new Failure('input.invalid', `This is not an image of the library: ${path}`);
  }

  /** An image that may change its place. @throws Failure `input.invalid` */
  private async movable(path: string): Promise<LibraryImage> {
    const image = await this.find(path);
    if (image.inUse) throw new Failure('disk.in-use', `A running machine uses ${path}`);
    if (image.usedBy.some(({ by }) => by !== 'drive')) {
      throw new Failure('input.invalid', `This image belongs to its machine’s folder: ${path}`, {
        hint: 'The folder is the machine. Copy the image, or remove the disk from the machine and keep its image.',
      });
    }
    await stat(path).catch((error: unknown) => {
      throw new Failure('file.not-found', `This image is missing: ${path}`, { cause: error });
    });
    return image;
  }

  private requireQcow2(image: string): void {
    if (formatOf(image) === 'qcow2') return;
    throw new Failure('input.invalid', 'Only qcow2 images have tables to check and space to give back.');
  }

  private requirePresent(machine: Machine, image: string): void {
    if (requireConfig(machine).disks.some(({ path }) => path === image)) return;
    throw new Failure('input.invalid', `No disk of “${machine.name}” writes to this image: ${image}`, {
      hint: 'What snapshots froze stays as it is.',
    });
  }

  private async changed(machine: Machine): Promise<void> {
    await this.machines.library.reread(machine);
    this.machines.library.changed(machine);
    this.context.emit({ name: 'snapshot.changed', value: { id: machine.id } });
  }

  private accessible(id: string): Machine {
    const machine = this.machines.library.get(id);
    requireConfig(machine);
    return machine;
  }

  private merging({ progress, signal }: JobControl): {
    onProgress: (done: number, total: number) => void;
    signal: AbortSignal;
  } {
    return { onProgress: progress, signal };
  }

  private storeOf(machine: Machine): SnapshotStore {
    return new SnapshotStore(machine.folder, workerSnapshotFiles(this.context.processHost));
  }

  private journalled(machine: Machine): JournalledFolder {
    return new JournalledFolder(machine.folder, workerSnapshotFiles(this.context.processHost));
  }

  private job(
    kind: Job['kind'],
    subject: string,
    title: string,
    unit: Job['unit'],
    task: (control: JobControl) => Promise<unknown>,
  ): { jobId: string } {
    return this.context.jobs.start({ kind, subject, title, unit, cancellable: true }, task);
  }
}

/** What a job on an image is called. */
const labelOf = ({ name }: Machine, image: string): string => `${name}: ${basename(image)}`;
