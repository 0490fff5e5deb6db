import { requireState } from '../machines/context';
import type { Machine } from '../machines/machine';
import type { JobControl } from '../jobs/registry';
import { MergingLive } from './merge-live';
import type { SnapshotWork } from './work';

/** Deletes snapshots, also while the machine runs. */
export class Deleting {
  private readonly merging: MergingLive;

  constructor(private readonly work: SnapshotWork) {
    this.merging = new MergingLive(work);
  }

  /** Starts the job. What can be refused is refused before there is one. */
  async start(id: string, ids: string[]): Promise<{ jobId: string }> {
    const machine = this.work.ready(id, 'deleteSnapshots');
    await this.work.storeOf(machine).planDelete(ids, machine.runner !== undefined);
    return this.work.job(machine, 'deleteSnapshots', true, (control) => this.now(machine, ids, control));
  }

  /**
   * The deletion itself; to be called in the machine's turn. Until everything new is there it can be cancelled, and
   * then nothing has changed; from there on it is carried to its end.
   *
   * @throws Failure `cancelled`, `snapshot.*`, `journal.unfinished`, what host and images say
   */
  async now(machine: Machine, ids: string[], control?: JobControl): Promise<void> {
    await machine.inTurn(() => this.inTurn(machine, ids, control));
  }

  /** The same for whoever has the machine's own turn already, too. */
  async inTurn(machine: Machine, ids: string[], control?: JobControl): Promise<void> {
    const { machines } = this.work;
    const store = this.work.storeOf(machine);
    requireState(machine, 'deleteSnapshots');
    const running = machine.runner !== undefined;
    if (!running) await this.work.recover(machine);
    const plan = await store.planDelete(ids, running);
    const options = control && {
      onProgress: (done: number, total: number) => control.progress(done, total),
      signal: control.signal,
    };
    const task = (): Promise<void> => store.delete(plan, options);
    await (running ? task() : machines.locked(machine, task));
    machine.note(
      ids.length > 0 ? `deleted snapshots: ${ids.join(', ')}` : 'merged what deleted snapshots had left',
    );
    await this.work.afterChange(machine);
    if (plan.waiting.length > 0) {
      this.merging.begin(machine);
      this.mergeWhenOff(machine);
    }
    this.work.changed(machine);
  }

  /** What could not be merged while the machine runs is merged then. */
  private mergeWhenOff(machine: Machine): void {
    const { work } = this;
    const { runner } = machine;
    void runner?.ended
      .then(() => machine.settled)
      .then(async () => {
        if (machine.config === null || work.machines.power.isClosing) return;
        if (machine.runner) {
          // It has been started again.
          if ((await work.storeOf(machine).planDelete([], true)).waiting.length > 0)
            this.merging.begin(machine);
          return;
        }
        const { operation } = await work.storeOf(machine).planDelete([], false);
        if (operation.commit.length === 0) return;
        work.job(machine, 'deleteSnapshots', true, (control) => this.now(machine, [], control));
      })
      .catch((error: unknown) => work.context.log.warn(`“${machine.name}”: not merged yet`, error));
  }
}
