import { Failure, toErrorValue, saidBy } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { verifySavedState } from '../disks/saved-state/reader';
import { requireEngine, requireState } from '../machines/context';
import type { Machine } from '../machines/machine';
import { checkSavedState } from '../machines/saved-state';
import { filesOf, inFolder, type SnapshotRecord } from './record';
import type { SnapshotStore } from './store';
import { removeUnfinishedFiles } from './tidy';
import type { SnapshotWork } from './work';

/** Takes machines back to snapshots. */
export class Restoring {
  constructor(private readonly work: SnapshotWork) {}

  /** Starts the job. What can be refused is refused before there is one. */
  async start(id: string, snapshot: string, disksOnly: boolean): Promise<{ jobId: string }> {
    const machine = this.work.ready(id, 'restoreSnapshot');
    await this.check(machine, snapshot, disksOnly, false);
    return this.work.job(machine, 'restore', false, () => this.now(machine, snapshot, disksOnly));
  }

  /** Everything that would stand in the way, before anything is changed. @param everyByte of its memory, which takes time */
  private async check(
    machine: Machine,
    snapshot: string,
    disksOnly: boolean,
    everyByte: boolean,
  ): Promise<SnapshotRecord> {
    const store = this.work.storeOf(machine);
    const record = await store.record(snapshot);
    const { memory } = filesOf(snapshot);
    if (!disksOnly && (await store.has(memory))) {
      const engine = await requireEngine(this.work.context, record.config.engine);
      const path = inFolder(machine.folder, memory);
      try {
        await checkSavedState(path, record.config, engine);
        if (everyByte) await verifySavedState(path);
      } catch (error) {
        const { code } = toErrorValue(error);
        throw new Failure(
          code,
          phrase('snapshot.memoryUnusable', { name: record.name, reason: saidBy(error) }),
          {
            hint: phrase('snapshot.memoryUnusableHint'),
            cause: error,
          },
        );
      }
    }
    return record;
  }

  private async now(machine: Machine, snapshot: string, disksOnly: boolean): Promise<void> {
    const { work } = this;
    const { power } = work.machines;
    const record = await this.check(machine, snapshot, disksOnly, true);
    const store = work.storeOf(machine);
    const hasMemory = !disksOnly && (await store.has(filesOf(snapshot).memory));
    if (machine.runner) await this.insteadOfRunning(machine, store, snapshot, disksOnly);
    else await machine.inTurn(() => this.atRest(machine, store, snapshot, disksOnly));
    machine.note(`restored “${record.name}” (${snapshot})`);
    await work.afterChange(machine);
    work.changed(machine);
    if (machine.runner || !hasMemory || (record.state !== 'running' && record.state !== 'paused')) return;
    await power.start(machine);
    // It may stand still already, for a fault of the host.
    if (record.state === 'paused' && machine.state === 'running') await power.pause(machine);
  }

  private async atRest(
    machine: Machine,
    store: SnapshotStore,
    snapshot: string,
    disksOnly: boolean,
  ): Promise<void> {
    const { work } = this;
    requireState(machine, 'restoreSnapshot');
    work.requireStopped(machine);
    await work.recover(machine);
    await work.machines.locked(machine, async () => {
      await removeUnfinishedFiles(machine.folder);
      await store.restore(snapshot, !disksOnly);
    });
    machine.runProblem = null;
  }

  /** The guest's memory is given up when nothing can refuse the restore any more: a full disk least of all. */
  private async insteadOfRunning(
    machine: Machine,
    store: SnapshotStore,
    snapshot: string,
    disksOnly: boolean,
  ): Promise<void> {
    const { machines } = this.work;
    const pending = await machine.inTurn(async () => {
      requireState(machine, 'restoreSnapshot');
      const begun = await store.beginRestore(snapshot, !disksOnly);
      await begun.decide();
      return begun;
    });
    try {
      // It may have ended by itself meanwhile.
      if (machine.runner) await machines.power.powerOff(machine);
    } catch (error) {
      if (machine.runner) {
        await machine.inTurn(() => pending.takeBack(error));
        throw error;
      }
    }
    await machine.inTurn(async () => {
      // Whoever has started it since has finished the restore before.
      if (machine.runner) return;
      const finish = machines.locked(machine, async () => {
        if (await pending.isDue()) await pending.finish();
        await removeUnfinishedFiles(machine.folder);
      });
      await finish.catch(async (error: unknown) => {
        throw (await pending.isDue()) ? pending.unfinished(error) : error;
      });
      machine.runProblem = null;
    });
  }
}
