import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import type { MachineConfig } from '@shared/machine/config';
import { hasProcess, type MachineState } from '@shared/machine/state';
import type { AutomaticSnapshots } from '@shared/snapshot/automatic';
import type { SnapshotComparison } from '@shared/snapshot/changes';
import type { SnapshotEstimate, SnapshotList } from '@shared/snapshot/snapshot';
import { type MachinesContext, requireConfig, requireState } from '../machines/context';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';
import { Automatic } from './automatic';
import { Deleting } from './delete';
import { compareSnapshots, estimateDeletion, listSnapshots } from './describe';
import { Discarding } from './discard';
import { filesOf, inFolder } from './record';
import { Restoring } from './restore';
import { type TakeRequest, Taking } from './take';
import { SnapshotWork } from './work';

/** What is wanted of a machine; what is missing stays. */
export interface Protection {
  /** Null: no automatic snapshots. */
  automatic?: AutomaticSnapshots | null | undefined;
  discardOnPowerOff?: boolean | undefined;
}

function protectedConfig(config: MachineConfig, { automatic, discardOnPowerOff }: Protection): MachineConfig {
  const { automaticSnapshots: before, discardOnPowerOff: discarded, ...rest } = config;
  const rules = automatic === undefined ? before : (automatic ?? undefined);
  const discards = discardOnPowerOff ?? discarded;
  return {
    ...rest,
    ...(rules ? { automaticSnapshots: rules } : {}),
    ...(discards ? { discardOnPowerOff: true } : {}),
  };
}

/** Snapshots of machines, as a person handles them. Operations on one machine happen one after the other. */
export class SnapshotService {
  private readonly work: SnapshotWork;
  private readonly taking: Taking;
  private readonly restoring: Restoring;
  private readonly deleting: Deleting;
  private readonly discarding: Discarding;
  readonly automatic: Automatic;
  /** Machines that ran when they were last heard of. */
  private readonly ran = new Set<string>();

  constructor(
    private readonly machines: MachineService,
    context: MachinesContext,
  ) {
    this.work = new SnapshotWork(machines, context);
    this.deleting = new Deleting(this.work);
    this.taking = new Taking(this.work, this.deleting);
    this.restoring = new Restoring(this.work);
    this.discarding = new Discarding(this.work);
    this.automatic = new Automatic(this.work, this.taking, this.deleting);
  }

  /** Deals with what an earlier run of the program left half done. Never rejects: what fails is told by the machine. */
  async recoverAll(): Promise<void> {
    for (const machine of this.machines.library.all()) {
      await this.recover(machine).catch((error: unknown) => this.work.report(machine, error));
      if (machine.config?.kept && machine.runProblem === null) await this.discarding.afterEnd(machine);
    }
  }

  /**
   * Everything that has to happen to a machine's disks before it is started, in its own turn.
   * @throws Failure `journal.unfinished`, `machine.locked`, `snapshot.broken`, `file.*`: it must not be started
   */
  async beforeStart(machine: Machine): Promise<void> {
    await this.work.recover(machine);
    await this.discarding.beforeStart(machine);
    await this.automatic.beforeStart(machine);
  }

  /** To be told of every change of a machine's state: when it ends, some have something to do. */
  noticed(id: string, state: MachineState): void {
    if (hasProcess(state)) {
      this.ran.add(id);
      return;
    }
    if (!this.ran.delete(id)) return;
    const machine = this.machines.library.all().find((one) => one.id === id);
    if (!machine) return;
    void this.discarding.afterEnd(machine).then(() => this.automatic.afterEnd(machine));
  }

  /**
   * Changes what happens to a machine's states by itself.
   * @throws Failure `machine.wrong-state` for what needs a machine that is off, `machine.locked`, `file.*`
   */
  async protect(id: string, wanted: Protection): Promise<void> {
    const machine = this.machines.library.get(id);
    await machine.inTurn(async () => {
      if (wanted.discardOnPowerOff !== undefined) {
        requireState(machine, 'configure');
        await this.discarding.requireOff(machine);
      }
      await this.work.rewrite(machine, (config) => protectedConfig(config, wanted));
    });
    this.work.changed(machine);
  }

  /**
   * Finishes or undoes what was interrupted, before anything else happens to a machine. Precondition: no process.
   * @throws Failure `journal.unfinished`, `machine.locked`
   */
  recover(machine: Machine): Promise<void> {
    return this.work.recover(machine);
  }

  list(id: string): Promise<SnapshotList> {
    const machine = this.machines.library.get(id);
    const config = requireConfig(machine);
    return listSnapshots(this.work.storeOf(machine), config, machine.runner !== undefined);
  }

  take(request: TakeRequest): Promise<{ jobId: string }> {
    return this.taking.start(request);
  }

  restore(id: string, snapshot: string, disksOnly: boolean): Promise<{ jobId: string }> {
    return this.restoring.start(id, snapshot, disksOnly);
  }

  delete(id: string, ids: string[]): Promise<{ jobId: string }> {
    return this.deleting.start(id, ids);
  }

  estimate(id: string, ids: string[]): Promise<SnapshotEstimate> {
    const machine = this.machines.library.get(id);
    const store = this.work.storeOf(machine);
    return estimateDeletion(store, requireConfig(machine), ids, machine.runner !== undefined);
  }

  edit(id: string, snapshot: string, texts: { name: string; description: string }): Promise<void> {
    const machine = this.machines.library.get(id);
    return this.work.inTurn(machine, async () => {
      await this.work.storeOf(machine).edit(snapshot, texts);
      this.work.changed(machine);
    });
  }

  async screen(id: string, snapshot: string): Promise<string | null> {
    const machine = this.machines.library.get(id);
    const store = this.work.storeOf(machine);
    await store.record(snapshot);
    const { screen } = filesOf(snapshot);
    if (!(await store.has(screen))) return null;
    return Buffer.from(await readFile(inFolder(machine.folder, screen))).toString('base64');
  }

  async compare(id: string, a: string, b: string | null): Promise<SnapshotComparison> {
    const list = await this.list(id);
    return compareSnapshots(list, requireConfig(this.machines.library.get(id)), a, b);
  }
}
