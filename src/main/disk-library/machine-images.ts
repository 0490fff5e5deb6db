import { basename, dirname } from 'node:path';
import type { ImageCheck } from '@shared/disk/library';
import { Failure, toErrorValue, saidBy } from '@shared/errors';
import { phrase, Phrase } from '@shared/phrases/phrase';
import { sharersOf } from '../clones/sharing';
import { backingOf, formatOf } from '../disks/chain/chain';
import { growDisk } from '../disks/grow';
import { inspectDisk } from '../disks/inspect';
import { shrinkDisk } from '../disks/shrink';
import type { JobControl } from '../jobs/registry';
import { type MachinesContext, requireConfig, requireState } from '../machines/context';
import { newMachineId } from '../machines/identity';
import type { MachineKeeper } from '../machines/keeper';
import { diskPath } from '../machines/launch-paths';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';
import { runWorkerJob } from '../platform/worker-job';
import { refuseForeignFeatures } from '../snapshots/image-tree';
import { JournalledFolder } from '../snapshots/journal';
import { imagesOf } from '../snapshots/plan-delete';
import { inFolder } from '../snapshots/record';
import type { Operation } from '../snapshots/steps';
import { SnapshotStore } from '../snapshots/store';
import { workerSnapshotFiles } from '../snapshots/worker-files';
import { type ImageJobKind, startImageJob } from './job';
import { planQcow2, planRewrite, rewrittenPath } from './plan';

/** What is done with the images in the folders of machines that are off. Images are paths inside the folder. */
export class MachineImages {
  constructor(
    private readonly machines: MachineService,
    private readonly context: MachinesContext,
    private readonly keeper: MachineKeeper,
  ) {}

  /** Checks the tables of one image; the job's result is an `ImageCheck`. */
  check(id: string, image: string): { jobId: string } {
    const machine = this.accessible(id);
    this.requireQcow2(image);
    return this.job('checkDisk', machine, image, phrase('machine.diskChecked'), (control) =>
      this.checkNow(machine, image, control),
    );
  }

  /**
   * Makes an image as small as its contents allow. The contents of the new one are compared with those of the old
   * one before it takes its place. The job's result is `{ before, after }` in bytes.
   */
  compact(id: string, image: string): { jobId: string } {
    const machine = this.accessible(id);
    this.requireQcow2(image);
    return this.job('compactDisk', machine, image, phrase('machine.diskCompacted'), async (control) => {
      await this.requireUnshared(machine, image, phrase('imageUse.compactShared'));
      return this.rewrite(machine, image, 'Compact', control);
    });
  }

  /**
   * Repairs an image whose contents can still be read: they are written into a new one, which is compared and
   * checked before it takes the place of the old one.
   */
  repair(id: string, image: string): { jobId: string } {
    const machine = this.accessible(id);
    this.requireQcow2(image);
    return this.job('repairDisk', machine, image, phrase('machine.diskRepaired'), (control) =>
      this.rewrite(machine, image, 'Repair', control).catch((error: unknown) => {
        const { code } = toErrorValue(error);
        if (code !== 'disk.corrupt' && code !== 'medium.truncated') throw error;
        throw new Failure(code, phrase('imageUse.repairLoses', { reason: saidBy(error) }), {
          hint: phrase('imageUse.repairLosesHint'),
          cause: error,
        });
      }),
    );
  }

  /**
   * Makes a disk of a machine that is off longer, where what is added reads as zeros, or shorter, where nothing is lost.
   *
   * @param size in bytes
   * @param mayShrink a smaller size is meant, and no slip
   */
  async resize(id: string, image: string, size: number, mayShrink: boolean): Promise<void> {
    const machine = this.accessible(id);
    requireState(machine, 'configure');
    await this.keeper.during(machine, phrase('machine.diskResized'), async () => {
      this.requirePresent(machine, image);
      const path = await diskPath(machine.folder, image);
      const { virtualSize } = await inspectDisk(path);
      if (size >= virtualSize) {
        await growDisk(path, formatOf(path), size);
      } else {
        if (!mayShrink) {
          throw new Failure('input.invalid', phrase('imageUse.wouldShrink', { size: virtualSize }), {
            hint: phrase('imageUse.wouldShrinkHint'),
          });
        }
        await this.requireNoSnapshots(machine);
        await this.requireAlone(machine, image);
        await this.requireUnshared(machine, image, phrase('imageUse.mustStay'));
        await shrinkDisk(path, formatOf(path), size);
      }
      machine.note(`${image} was made ${size} bytes long`);
    });
    await this.changed(machine);
  }

  /** Replaces a raw image of a machine's disk by a qcow2 image, so that snapshots of it need little space. */
  toQcow2(id: string, image: string): { jobId: string } {
    const machine = this.accessible(id);
    requireState(machine, 'configure');
    if (formatOf(image) !== 'raw') throw new Failure('input.invalid', phrase('imageUse.isQcow2'));
    return this.job('convertDisk', machine, image, phrase('machine.diskConverted'), async (control) => {
      this.requirePresent(machine, image);
      await this.requireAlone(machine, image);
      const title = `Convert ${image}`;
      const { operation, made } = planQcow2(requireConfig(machine), image, title, newMachineId());
      await this.journalled(machine).run(operation, this.merging(control));
      await this.changed(machine);
      return { image: made };
    });
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
      throw new Failure('disk.unsupported', phrase('imageUse.outside', { path: image, image: backing }));
    }
    await refuseForeignFeatures(machine.folder, [image]);
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
        throw new Failure('disk.corrupt', phrase('imageUse.newWrong', { reason: errors[0] }));
    } catch (error) {
      await pending.undo(error);
      throw error;
    }
    await pending.decide();
    await pending.finish();
  }

  /** What a snapshot froze, or another image goes on from, must stay. @throws Failure `input.invalid` */
  private async requireAlone(machine: Machine, image: string): Promise<void> {
    const store = this.storeOf(machine);
    const frozen = (await store.records()).some((record) => imagesOf(record).includes(image));
    const path = inFolder(machine.folder, image);
    for (const file of await store.diskFiles()) {
      const below = await backingOf(inFolder(machine.folder, file)).catch((error: unknown) => {
        throw new Failure('disk.corrupt', phrase('imageUse.mayGoOn', { path: file, image }), {
          hint: phrase('imageUse.mayGoOnHint'),
          cause: error,
        });
      });
      if (!frozen && below !== path) continue;
      throw new Failure('input.invalid', phrase('imageUse.goesOn', { image }), {
        hint: phrase('imageUse.goesOnHint'),
      });
    }
  }

  private async requireUnshared(machine: Machine, image: string, hint: Phrase): Promise<void> {
    const sharers = await sharersOf(machine, image, this.machines.library.all());
    if (sharers.length === 0) return;
    throw new Failure('input.invalid', phrase('imageUse.shared', { machines: sharers.join(', ') }), { hint });
  }

  private async requireNoSnapshots(machine: Machine): Promise<void> {
    if ((await this.storeOf(machine).records()).length === 0) return;
    throw new Failure('input.invalid', phrase('imageUse.hasSnapshots', { name: machine.name }), {
      hint: phrase('imageUse.hasSnapshotsHint'),
    });
  }

  private requireQcow2(image: string): void {
    if (formatOf(image) === 'qcow2') return;
    throw new Failure('input.invalid', phrase('imageUse.onlyQcow2'));
  }

  private requirePresent(machine: Machine, image: string): void {
    if (requireConfig(machine).disks.some(({ path }) => path === image)) return;
    throw new Failure('input.invalid', phrase('imageUse.notWritten', { name: machine.name, image }), {
      hint: phrase('imageUse.notWrittenHint'),
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

  /** Starts a job that has the machine for itself. @param what what the machine is told to be doing */
  private job(
    kind: ImageJobKind,
    machine: Machine,
    image: string,
    what: Phrase,
    task: (control: JobControl) => Promise<unknown>,
  ): { jobId: string } {
    const about = {
      kind,
      subject: machine.id,
      title: `${machine.name}: ${basename(image)}`,
      unit: kind === 'checkDisk' ? 'steps' : 'bytes',
    } as const;
    return startImageJob(this.context.jobs, about, (control) =>
      this.keeper.during(machine, what, async () => {
        await diskPath(machine.folder, image);
        return task(control);
      }),
    );
  }
}
