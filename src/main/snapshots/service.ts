import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import type { SnapshotComparison } from '@shared/snapshot/changes';
import type { SnapshotEstimate, SnapshotList } from '@shared/snapshot/snapshot';
import { type MachinesContext, requireConfig } from '../machines/context';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';
import { Deleting } from './delete';
import { compareSnapshots, estimateDeletion, listSnapshots } from './describe';
import { filesOf, inFolder } from './record';
import { Restoring } from './restore';
import { type TakeRequest, Taking } from './take';
import { SnapshotWork } from './work';

/** Snapshots of machines, as a person handles them. Operations on one machine happen one after the other. */
export class SnapshotService {
  private readonly work: SnapshotWork;
  private readonly taking: Taking;
  private readonly restoring: Restoring;
  private readonly deleting: Deleting;

  constructor(
    private readonly machines: MachineService,
    context: MachinesContext,
  ) {
    this.work = new SnapshotWork(machines, context);
    this.deleting = new Deleting(this.work);
    this.taking = new Taking(this.work, this.deleting);
    this.restoring = new Restoring(this.work);
  }

  /** Deals with what an earlier run of the program left half done. Never rejects: what fails is told by the machine. */
  async recoverAll(): Promise<void> {
    for (const machine of this.machines.library.all()) {
      await this.recover(machine).catch((error: unknown) => this.work.report(machine, error));
    }
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
