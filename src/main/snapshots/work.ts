import { Failure, toErrorValue, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { MachineConfig } from '@shared/machine/config';
import { hasProcess, type MachineAction } from '@shared/machine/state';
import { removeUnusedPacks, unusedFiles } from '../disks/memory-chunks/collect';
import type { JobControl } from '../jobs/registry';
import { type MachinesContext, requireConfig, requireState } from '../machines/context';
import { writeConfig } from '../machines/folder';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';
import { mergeNote } from './merge-note';
import { SnapshotStore } from './store';
import { workerSnapshotFiles } from './worker-files';

/** What operations on snapshots have in common: who works on which machine when, and what is told of it. */
export class SnapshotWork {
  private readonly queues = new Map<string, Promise<unknown>>();
  /** By machine: what makes way for whoever comes next. */
  private readonly yielding = new Map<string, AbortController>();

  constructor(
    readonly machines: MachineService,
    readonly context: MachinesContext,
  ) {}

  /** The files of a machine's snapshots; images are merged in a process of their own. */
  storeOf(machine: Machine): SnapshotStore {
    return new SnapshotStore(machine.folder, workerSnapshotFiles(this.context.processHost));
  }

  /** @throws Failure `machine.not-found`, `machine.inaccessible`, `machine.wrong-state` */
  ready(id: string, action: MachineAction): Machine {
    const machine = this.machines.library.get(id);
    requireConfig(machine);
    requireState(machine, action);
    return machine;
  }

  /** Starts a job on a machine, which begins when the operations before it on that machine have ended. */
  job(
    machine: Machine,
    kind: 'snapshot' | 'restore' | 'deleteSnapshots',
    cancellable: boolean,
    task: (control: JobControl) => Promise<unknown>,
    automatic = false,
  ): { jobId: string } {
    const description = {
      kind,
      ...(automatic ? { automatic } : {}),
      subject: machine.id,
      title: machine.name,
      unit: 'bytes',
      cancellable,
    } as const;
    return this.context.jobs.start(description, (control) =>
      this.inTurn(machine, async () => {
        try {
          return await task(control);
        } catch (error) {
          if (toErrorValue(error).code === 'journal.unfinished') this.report(machine, error);
          throw error;
        }
      }),
    );
  }

  /** Operations on one machine happen one after the other. */
  inTurn<T>(machine: Machine, task: () => Promise<T>): Promise<T> {
    this.yielding.get(machine.id)?.abort();
    const result = (this.queues.get(machine.id) ?? Promise.resolve()).then(task);
    this.queues.set(
      machine.id,
      result.catch(() => undefined),
    );
    return result;
  }

  /** The same for a task that makes way: its signal is aborted as soon as another operation waits for its turn. */
  inTurnUntilWanted<T>(machine: Machine, task: (wanted: AbortSignal) => Promise<T>): Promise<T> {
    const wanted = new AbortController();
    const result = this.inTurn(machine, () => task(wanted.signal));
    this.yielding.set(machine.id, wanted);
    return result.finally(() => {
      if (this.yielding.get(machine.id) === wanted) this.yielding.delete(machine.id);
    });
  }

  /**
   * Finishes or undoes what was interrupted, before anything else happens to a machine. Precondition: no process.
   * @throws Failure `journal.unfinished`, `machine.locked`
   */
  async recover(machine: Machine): Promise<void> {
    if (hasProcess(machine.state) || machine.config === null) return;
    const store = this.storeOf(machine);
    if (await store.has('journal.json')) await this.finishOrUndo(machine, store);
    await this.removeLeftMemory(machine);
    await this.removeMerged(machine);
  }

  private async finishOrUndo(machine: Machine, store: SnapshotStore): Promise<void> {
    await this.machines.locked(machine, async () => {
      const recovery = await store.recover();
      if (!recovery) return;
      const line = `An interrupted change was ${recovery.how}: ${recovery.title}`;
      machine.note(line);
      this.context.log.info(`“${machine.name}” (${machine.id}): ${line}`);
    });
    if (machine.runProblem?.code === 'journal.unfinished') machine.runProblem = null;
    await this.machines.library.reread(machine);
    this.changed(machine);
  }

  /** What a killed process has left of a memory image. */
  private async removeLeftMemory(machine: Machine): Promise<void> {
    try {
      if ((await unusedFiles(machine.folder)).length === 0) return;
      await this.machines.locked(machine, () => removeUnusedPacks(machine.folder));
    } catch (error) {
      // Whoever has the machine may be writing just that; and space is all that is at stake.
      this.context.log.warn(`“${machine.name}” (${machine.id}): unused memory stays for now`, error);
    }
  }

  /** What was merged under a machine by a program that was killed before it removed that. */
  private async removeMerged(machine: Machine): Promise<void> {
    const store = this.storeOf(machine);
    if (!(await store.has(mergeNote))) return;
    try {
      await this.machines.locked(machine, () => store.removeMerged());
    } catch (error) {
      if (toErrorValue(error).code === 'journal.unfinished') throw error;
      // Space is all that is at stake.
      this.context.log.warn(`“${machine.name}” (${machine.id}): merged images stay for now`, error);
    }
  }

  /** Writes a machine's configuration, starting from what its file says now. @throws Failure `machine.*`, `file.*` */
  async rewrite(machine: Machine, change: (config: MachineConfig) => MachineConfig): Promise<void> {
    const write = async (): Promise<void> =>
      writeConfig(machine.folder, change(await this.storeOf(machine).config()));
    // While it runs, its process holds the lock for us.
    await (machine.runner ? write() : this.machines.locked(machine, write));
    await this.afterChange(machine);
  }

  /** Its configuration has been written by an operation: takes it over. */
  async afterChange(machine: Machine): Promise<void> {
    if (machine.runner) machine.config = await this.storeOf(machine).config();
    else await this.machines.library.reread(machine);
    this.machines.library.changed(machine);
  }

  /** Something went wrong that a person should see at the machine. */
  report(machine: Machine, error: unknown): void {
    const problem = toFailure(error).toValue();
    machine.runProblem = problem;
    machine.note(problem.message);
    this.context.log.warn(`“${machine.name}” (${machine.id})`, problem);
    this.machines.library.changed(machine);
  }

  changed(machine: Machine): void {
    this.machines.library.changed(machine);
    this.context.emit({ name: 'snapshot.changed', value: { id: machine.id } });
  }

  /** @throws Failure `machine.wrong-state` when somebody has started it meanwhile */
  requireStopped(machine: Machine): void {
    if (!machine.runner) return;
    throw new Failure('machine.wrong-state', phrase('machine.startedMeanwhile', { name: machine.name }));
  }
}
