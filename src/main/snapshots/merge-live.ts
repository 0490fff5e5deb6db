import { posix } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { JobControl } from '../jobs/registry';
import type { Machine } from '../machines/machine';
import { requireConfig } from '../machines/context';
import { freeSpace } from '../platform/disk-space';
import { refuseForeignFeatures } from './image-tree';
import type { Merge } from './plan-delete';
import type { SnapshotStore } from './store';
import type { SnapshotWork } from './work';

/** So much of the host's disk is left to guests when images are merged under them, in bytes. */
const leftToGuests = 256 * 1024 * 1024;

/** One merge, and the disk that it belongs to. */
interface DiskMerge extends Merge {
  disk: string;
  /** In bytes. */
  size: number;
}

/**
 * Gives back the space of deleted snapshots whose images a running machine still needs: its process takes over what they
 * have into the images that it writes to, and then nobody needs them. That they belong to no snapshot any more is all
 * that is noted; wherever this ends, what is left is merged when the machine is off.
 */
export class MergingLive {
  /** By machine: whether there is more to do when the job that is at it has come to its end. */
  private readonly underway = new Map<string, { again: boolean }>();

  constructor(private readonly work: SnapshotWork) {}

  /** Starts a job, unless one is at it. Snapshots and restores come first: it goes on after them. */
  begin(machine: Machine): void {
    const { work } = this;
    const before = this.underway.get(machine.id);
    if (before) before.again = true;
    if (before || work.machines.power.isClosing) return;
    const state = { again: false };
    this.underway.set(machine.id, state);
    const about = { kind: 'mergeDisks', subject: machine.id, title: machine.name, unit: 'bytes' } as const;
    work.context.jobs.start({ ...about, cancellable: true, automatic: true }, async (control) => {
      try {
        do {
          state.again = false;
          while (!(await this.round(machine, control)));
        } while (state.again);
      } catch (error) {
        const { code, message } = toErrorValue(error);
        machine.note(`deleted snapshots are merged when it is off: ${message}`);
        if (code === 'journal.unfinished') work.report(machine, error);
        throw error;
      } finally {
        this.underway.delete(machine.id);
      }
    });
  }

  /** False when something else came first. @throws Failure why the rest has to wait until the machine is off */
  private round(machine: Machine, control: JobControl): Promise<boolean> {
    const { work } = this;
    return work.inTurnUntilWanted(machine, async (wanted) => {
      const signal = AbortSignal.any([wanted, control.signal]);
      try {
        await this.merge(machine, signal, control);
        await this.removeUnneeded(machine, signal);
        return true;
      } catch (error) {
        control.signal.throwIfAborted();
        if (wanted.aborted) return false;
        // The machine does not run any more, or is about to.
        if (toErrorValue(error).code !== 'ipc.closed') throw error;
        throw ended(machine);
      } finally {
        work.changed(machine);
      }
    });
  }

  private async merge(machine: Machine, signal: AbortSignal, control: JobControl): Promise<void> {
    const store = this.work.storeOf(machine);
    requireRunning(machine);
    const merges = await diskMerges(machine, store);
    if (merges.length === 0) return;
    const total = merges.reduce((sum, { size }) => sum + size, 0);
    const free = await freeSpace(machine.folder);
    if (free !== null && free < total + leftToGuests) {
      throw new Failure('file.no-space', phrase('merge.littleRoom'), {
        hint: phrase('merge.whenOff'),
      });
    }
    await store.noteMerges(merges);
    let before = 0;
    for (const merge of merges) {
      signal.throwIfAborted();
      const told = (disk: string, done: number, all: number): void => {
        if (disk === merge.disk) control.progress(before + merge.size * (all > 0 ? done / all : 1), total);
      };
      await this.mergeDisk(machine, merge, signal, told);
      before += merge.size;
      control.progress(before, total);
    }
  }

  private async mergeDisk(
    machine: Machine,
    { disk, below }: DiskMerge,
    signal: AbortSignal,
    told: (disk: string, done: number, total: number) => void,
  ): Promise<void> {
    const { power } = this.work.machines;
    const runner = power.processOf(machine);
    const stopTelling = power.onMergeProgress(machine, told);
    const cancel = (): void => {
      // Told by the merge itself, which ends with the process too.
      runner.call('cancelMergeDisk', { disk }).catch(() => undefined);
    };
    signal.addEventListener('abort', cancel);
    try {
      await runner.call('mergeDisk', { disk, below: below === null ? null : posix.basename(below) });
    } finally {
      signal.removeEventListener('abort', cancel);
      stopTelling();
    }
  }

  /** What nobody needs any more goes, and what can be merged now without the machine is. */
  private async removeUnneeded(machine: Machine, signal: AbortSignal): Promise<void> {
    const { work } = this;
    await machine.inTurn(async () => {
      requireRunning(machine);
      const store = work.storeOf(machine);
      const plan = await store.planDelete([], true);
      if (plan.operation.commit.length === 0) return;
      await store.delete(plan, { signal });
      machine.note('merged what deleted snapshots had left, while it runs');
      await work.afterChange(machine);
    });
  }
}

/** @throws Failure `disk.unsupported` for what would be lost by merging, and what images and host say */
async function diskMerges(machine: Machine, store: SnapshotStore): Promise<DiskMerge[]> {
  const { waiting } = await store.planDelete([], true);
  const merges: DiskMerge[] = [];
  for (const merge of waiting) {
    const [image, ...others] = merge.layers;
    const disk = requireConfig(machine).disks.find(({ path }) => path === image);
    if (!disk || image === undefined) continue;
    await refuseForeignFeatures(store.folder, others);
    if (merge.below !== null && posix.dirname(merge.below) !== posix.dirname(image)) {
      throw new Failure('disk.unsupported', phrase('merge.otherFolder', { image }));
    }
    merges.push({ ...merge, disk: disk.id, size: await store.bytesToMerge(merge) });
  }
  return merges;
}

/** @throws Failure `cancelled` */
function requireRunning(machine: Machine): void {
  const { runner, state } = machine;
  if (!runner || (state !== 'running' && state !== 'paused')) throw ended(machine);
}

function ended(machine: Machine): Failure {
  return new Failure('cancelled', phrase('machine.notRunning', { name: machine.name }));
}
