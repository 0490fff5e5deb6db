import { toErrorValue, Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { hasProcess } from '@shared/machine/state';
import type { AutomaticReason } from '@shared/snapshot/automatic';
import type { SnapshotState } from '@shared/snapshot/snapshot';
import { defaultSnapshotName } from '@shared/snapshot/tree';
import type { MergeOptions } from '../disks/chain/merge';
import type { JobControl } from '../jobs/registry';
import { requireConfig, requireEngine, requireState } from '../machines/context';
import type { Machine } from '../machines/machine';
import type { Deleting } from './delete';
import { filesOf, inFolder } from './record';
import type { SnapshotStore } from './store';
import { removeUnfinishedFiles } from './tidy';
import type { SnapshotWork } from './work';

/** What a person, or a schedule, says about a new snapshot. */
export interface TakeRequest {
  id: string;
  name?: string | undefined;
  description?: string | undefined;
  memory: boolean;
  /** Why it is taken, if nobody asked for it. */
  automatic?: AutomaticReason;
}

/** A new snapshot, but for its id, by what the machine does at that moment. */
type Wanted = (state: SnapshotState) => Parameters<SnapshotStore['take']>[0];

/** A snapshot whose images are in use. */
interface Taken {
  id: string;
  /** Resolves when the memory has been written; undefined where there is nothing more to wait for. */
  written: (() => Promise<void>) | undefined;
}

/** Takes snapshots of machines, whatever these do. */
export class Taking {
  constructor(
    private readonly work: SnapshotWork,
    private readonly deleting: Deleting,
  ) {}

  /** Starts the job. What can be refused is refused before there is one. */
  async start(request: TakeRequest): Promise<{ jobId: string }> {
    const machine = this.work.ready(request.id, 'takeSnapshot');
    await requireEngine(this.work.context, requireConfig(machine).engine);
    if (request.memory && hasProcess(machine.state)) {
      await this.work.machines.power.requireSavable(machine);
    }
    const task = async (control: JobControl) => ({ snapshot: await this.now(machine, request, control) });
    return this.work.job(machine, 'snapshot', true, task, request.automatic !== undefined);
  }

  /** Of a machine that does not run; to be called in its own turn. @throws Failure: nothing has been changed */
  async still(machine: Machine, request: TakeRequest, options?: MergeOptions): Promise<Taken> {
    const { machines } = this.work;
    const { library } = machines;
    await this.work.recover(machine);
    await library.reread(machine);
    const wanted = await this.wanted(machine, request);
    const state = machine.state === 'saved' && request.memory ? 'saved' : 'off';
    let id = '';
    await machines.locked(machine, async () => {
      await removeUnfinishedFiles(machine.folder);
      id = await this.work.storeOf(machine).take(wanted(state), request.memory, options);
    });
    await library.reread(machine);
    this.told(machine, wanted(state).name, id);
    return { id, written: undefined };
  }

  private async now(machine: Machine, request: TakeRequest, control: JobControl): Promise<string> {
    const { signal, progress } = control;
    const taken = await machine.inTurn(async () => {
      requireState(machine, 'takeSnapshot');
      if (machine.runner) return this.live(machine, request, signal);
      return this.still(machine, request, { signal, onProgress: progress });
    });
    await this.memoryWritten(machine, taken, control);
    this.work.changed(machine);
    return taken.id;
  }

  /** What goes into the record of a new snapshot. */
  private async wanted(machine: Machine, request: TakeRequest): Promise<Wanted> {
    const { engine: id } = requireConfig(machine);
    const engine = await requireEngine(this.work.context, id);
    const { records } = await this.work.storeOf(machine).usableRecords();
    const texts = {
      name: request.name ?? defaultSnapshotName(records.map((record) => record.name)),
      description: request.description ?? '',
      automatic: request.automatic,
      engineVersion: engine.stateVersion ?? engine.version,
    };
    return (state) => ({ ...texts, state, createdAt: new Date().toISOString() });
  }

  private told(machine: Machine, name: string, id: string): void {
    machine.note(`snapshot “${name}” (${id})`);
    this.work.changed(machine);
  }

  /** The guest goes on as soon as this resolves; its memory is still being written then. */
  private async live(machine: Machine, request: TakeRequest, signal: AbortSignal): Promise<Taken> {
    const { memory } = request;
    const wanted = (await this.wanted(machine, request))(machine.state as SnapshotState);
    const store = this.work.storeOf(machine);
    const runner = this.work.machines.power.processOf(machine);
    const { pending, id, overlays } = await store.beginTake(wanted, false, { signal });
    const files = filesOf(id);
    // From here on a dead program leaves the snapshot: the guest may write to its new images any moment.
    await pending.decide();
    try {
      const { frozen } = await runner.call('snapshot', {
        overlays,
        memoryPath: memory ? inFolder(machine.folder, files.memory) : null,
        screenPath: inFolder(machine.folder, files.screen),
      });
      // After a recovery nobody knows, and the record says nothing of it.
      if (!memory && wanted.state === 'running') pending.amendRecord({ frozen });
    } catch (error) {
      // A process that is gone may have used the new images; what it says it did not use is taken back.
      if (toErrorValue(error).code === 'ipc.closed') {
        await runner.ended;
        await pending.finish();
      } else {
        await pending.takeBack(error);
      }
      await this.work.afterChange(machine);
      throw error;
    }
    await pending.finish();
    await this.work.afterChange(machine);
    this.told(machine, wanted.name, id);
    return { id, written: memory ? () => runner.call('snapshotMemory', {}) : undefined };
  }

  /** Waits for the memory. A snapshot that is cancelled meanwhile is undone: nobody asked for one without memory. */
  private async memoryWritten(
    machine: Machine,
    { id, written }: Taken,
    { signal, progress }: JobControl,
  ): Promise<void> {
    const { power } = this.work.machines;
    // A program that ends cancels what it can; but this is soon done, and its machine is waited for anyway.
    const isUnwanted = (): boolean => signal.aborted && !power.isClosing;
    const stopTelling = power.onSaveProgress(machine, progress);
    const cancel = (): void => {
      // Told by `written`, if it has any effect at all.
      if (isUnwanted()) machine.runner?.call('cancelSnapshotMemory', {}).catch(() => undefined);
    };
    signal.addEventListener('abort', cancel);
    try {
      if (signal.aborted) cancel();
      await written?.();
    } catch (error) {
      if (!isUnwanted()) {
        throw new Failure(toErrorValue(error).code, phrase('snapshot.noMemory'), {
          hint: phrase('snapshot.noMemoryHint'),
          cause: error,
        });
      }
    } finally {
      signal.removeEventListener('abort', cancel);
      stopTelling();
    }
    if (!isUnwanted()) return;
    await this.deleting.now(machine, [id]);
    signal.throwIfAborted();
  }
}
