import { rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { DiskComplaints, ExportFormat, LibraryImage } from '@shared/disk/library';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { formatOf } from '../disks/chain/chain';
import { checkImages } from '../disks/check-images';
import { syncFolder } from '../disks/host-file';
import { type MachinesContext, requireConfig, requireState } from '../machines/context';
import type { MachineKeeper } from '../machines/keeper';
import { diskPath } from '../machines/launch-paths';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';
import { copyInWorker, runWorkerJob } from '../platform/worker-job';
import { hostSnapshotFiles } from '../snapshots/files';
import { SnapshotStore } from '../snapshots/store';
import { verifyDisks } from '../snapshots/verify';
import { convertForeign, foreignFormatOf } from './foreign';
import { startImageJob } from './job';
import { listImages } from './list';
import { MachineImages } from './machine-images';
import { moveFile } from './move';

/** The images of the library, whoever uses them. */
export class DiskLibrary {
  /** What is done with the images in machines' folders. */
  readonly images: MachineImages;

  constructor(
    private readonly machines: MachineService,
    private readonly context: MachinesContext,
    private readonly keeper: MachineKeeper,
    private readonly mediaFolder: string,
  ) {
    this.images = new MachineImages(machines, context, keeper);
  }

  list(): Promise<LibraryImage[]> {
    return listImages({
      machines: this.machines.library.all(),
      mediaFolder: this.mediaFolder,
      isBusy: (machine) => machine.runner !== undefined || this.keeper.busy.has(machine.id),
    });
  }

  /**
   * Checks what must hold for the disks of every machine that is off. The job's result is `DiskComplaints[]`.
   *
   * @param contents every byte of what snapshots froze is compared with what it was when this was asked for first
   */
  verify(contents: boolean): { jobId: string } {
    return startImageJob(
      this.context.jobs,
      { kind: 'verifyDisks', subject: '', title: '', unit: 'steps' },
      async ({ progress, signal }) => {
        const all = this.machines.library.all().filter(({ config }) => config !== null);
        const found: DiskComplaints[] = [];
        for (const [index, machine] of all.entries()) {
          signal.throwIfAborted();
          progress(index, all.length);
          const skipped = machine.runner !== undefined;
          const complaints = skipped ? [] : await this.complaints(machine, contents, signal);
          found.push({ machine: machine.id, name: machine.name, skipped, complaints });
        }
        return found;
      },
    );
  }

  /**
   * Writes what a guest sees of an image into a new one, anywhere. @param source any image: one of the library with
   * all that it is based on, or another one that needs no other
   */
  async export(source: string, target: string, format: ExportFormat): Promise<{ jobId: string }> {
    for (const path of [source, target]) {
      if (!isAbsolute(path)) throw new Failure('input.invalid', phrase('file.absolute', { path }));
    }
    if (formatOf(target) !== format) {
      throw new Failure('input.invalid', phrase('imageUse.qcow2Name'));
    }
    const image = (await this.list()).find(({ path }) => path === source);
    const machine = image?.machine ? this.accessible(image.machine) : undefined;
    if (machine) await requireOwnChain(machine, image?.chain ?? [], source);
    const written = image?.usedBy.some(({ by }) => by === 'machine') ?? false;
    if (machine && written) this.keeper.requireRest(machine);
    const from = machine ? 'library' : 'stranger';
    const { jobs } = this.context;
    const about = { kind: 'exportDisk', subject: machine?.id ?? '', title: basename(target) } as const;
    const foreign = machine ? undefined : await foreignFormatOf(source);
    if (foreign) {
      return startImageJob(jobs, { ...about, unit: 'steps' }, async (control) => {
        await convertForeign(source, foreign, target, format, control);
        return { path: target };
      });
    }
    return startImageJob(jobs, { ...about, unit: 'bytes' }, async (control) => {
      const work = (): Promise<void> =>
        runWorkerJob(this.context.processHost, 'exportDisk', { source, target, format, from }, control);
      await (machine && written ? this.keeper.during(machine, phrase('machine.diskCopied'), work) : work());
      return { path: target };
    });
  }

  /** Moves an image that is not in a machine's folder, or that no machine needs, into another folder. */
  async move(path: string, folder: string): Promise<{ jobId: string }> {
    if (!isAbsolute(folder)) throw new Failure('input.invalid', phrase('file.absolute', { path: folder }));
    const image = await this.movable(path);
    return startImageJob(
      this.context.jobs,
      { kind: 'moveImage', subject: image.machine ?? '', title: image.name, unit: 'bytes' },
      async (control) => {
        const users = image.usedBy.flatMap((use) => (use.by === 'drive' ? [use] : []));
        for (const { machine } of users) requireState(this.accessible(machine), 'insertMedium');
        const target = join(folder, basename(path));
        await moveFile(path, target, {
          copy: async (to) => {
            await copyInWorker(this.context.processHost, path, to, {
              signal: control.signal,
              onProgress: control.progress,
            });
          },
          // Both names are there while the drives change over, so that none is ever without its image.
          switchOver: async () => {
            for (const { machine, drive } of users) await this.machines.insertMedium(machine, drive, target);
          },
        });
        return { path: target };
      },
    );
  }

  /** Removes an image that nobody needs. @throws Failure `input.invalid` for one that somebody needs */
  async remove(path: string, how: 'trash' | 'erase'): Promise<void> {
    const { shell } = this.context;
    if (how === 'trash' && !shell.moveToTrash) {
      throw new Failure('host.unavailable', phrase('devices.noTrash'), {
        hint: phrase('imageUse.eraseHint'),
      });
    }
    const machine = this.machines.library.all().find(({ folder }) => dirname(path) === join(folder, 'disks'));
    const drop = async (): Promise<void> => {
      // What it is may have changed since it was looked at, and somebody may have edited the configuration.
      if (machine) await this.machines.library.reread(machine);
      const image = await this.find(path);
      if (image.usedBy.length > 0) {
        throw new Failure('input.invalid', phrase('imageUse.inUse', { path }));
      }
      if (how === 'trash') await shell.moveToTrash?.(path);
      else await rm(path);
      await syncFolder(dirname(path));
    };
    await this.movable(path);
    await (machine ? this.keeper.during(machine, phrase('machine.fileRemoved'), drop) : drop());
  }

  private async complaints(
    machine: Machine,
    contents: boolean,
    signal: AbortSignal,
  ): Promise<DiskComplaints['complaints']> {
    const { processHost } = this.context;
    const { folder } = machine;
    const control = { signal, progress: () => undefined };
    const digest = (path: string): Promise<string> =>
      runWorkerJob(processHost, 'hashFile', { path, algorithm: 'sha256' }, control);
    try {
      return await this.keeper.during(machine, phrase('machine.isChecked'), () =>
        verifyDisks(new SnapshotStore(folder, hostSnapshotFiles()), {
          tables: (paths) => checkImages(paths, folder, signal),
          digest: contents ? digest : undefined,
        }),
      );
    } catch (error) {
      signal.throwIfAborted();
      return [{ path: 'machine.json', message: toErrorValue(error).message }];
    }
  }

  /** @throws Failure `input.invalid` for what is no image of the library */
  private async find(path: string): Promise<LibraryImage> {
    const image = (await this.list()).find((one) => one.path === path);
    if (image) return image;
    throw new Failure('input.invalid', phrase('imageUse.notListed', { path }));
  }

  /** An image that may change its place. @throws Failure `input.invalid` */
  private async movable(path: string): Promise<LibraryImage> {
    const image = await this.find(path);
    if (image.inUse) throw new Failure('disk.in-use', phrase('imageUse.running', { path }));
    if (image.usedBy.some(({ by }) => by !== 'drive')) {
      throw new Failure('input.invalid', phrase('imageUse.belongs', { path }), {
        hint: phrase('imageUse.belongsHint'),
      });
    }
    await stat(path).catch((error: unknown) => {
      throw new Failure('file.not-found', phrase('imageUse.missing', { path }), { cause: error });
    });
    return image;
  }

  private accessible(id: string): Machine {
    const machine = this.machines.library.get(id);
    requireConfig(machine);
    return machine;
  }
}

/** A folder may come from a stranger: its images must not draw other files of this computer into a copy. */
async function requireOwnChain({ folder }: Machine, chain: readonly string[], source: string): Promise<void> {
  for (const image of [source, ...chain]) {
    if (dirname(image) !== join(folder, 'disks')) {
      throw new Failure('disk.unsupported', phrase('imageUse.outside', { path: source, image }));
    }
    await diskPath(folder, `disks/${basename(image)}`);
  }
}
