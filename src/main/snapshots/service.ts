import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { toErrorValue, Failure, toFailure } from '@shared/errors';
import { hasProcess } from '@shared/machine/state';
import type { MachineAction } from '@shared/machine/state';
import { settingChanges, type SnapshotComparison } from '@shared/snapshot/changes';
import type { Snapshot, SnapshotEstimate, SnapshotList, SnapshotState } from '@shared/snapshot/snapshot';
import { commonAncestor, defaultSnapshotName } from '@shared/snapshot/tree';
import { isUntouched } from '../disks/chain/chain';
import type { JobControl } from '../jobs/registry';
import { type MachinesContext, requireConfig, requireEngine, requireState } from '../machines/context';
import type { Machine } from '../machines/machine';
import { checkSavedState } from '../machines/saved-state';
import type { MachineService } from '../machines/service';
import { runWorkerJob } from '../platform/worker-job';
import { hostSnapshotFiles } from './files';
import { imagesOf } from './plan-delete';
import { filesOf, inFolder, type SnapshotRecord } from './record';
import { SnapshotStore } from './store';
import { removeUnfinishedFiles } from './tidy';

/** What a person says about a new snapshot. */
export interface TakeRequest {
  id: string;
  name?: string | undefined;
  description?: string | undefined;
  memory: boolean;
}

/** Snapshots of machines, as a person handles them. Operations on one machine happen one after the other. */
export class SnapshotService {
  private readonly queues = new Map<string, Promise<unknown>>();

  constructor(
    private readonly machines: MachineService,
    private readonly context: MachinesContext,
  ) {}

  /** Deals with what an earlier run of the program left half done. Never rejects: what fails is told by the machine. */
  async recoverAll(): Promise<void> {
    for (const machine of this.machines.library.all()) {
      await this.recover(machine).catch((error: unknown) => this.report(machine, error));
    }
  }

  /**
   * Finishes or undoes what was interrupted, before anything else happens to a machine. Precondition: no process.
   * @throws Failure `journal.unfinished`, `machine.locked`
   */
  async recover(machine: Machine): Promise<void> {
    if (hasProcess(machine.state) || machine.config === null) return;
    const store = this.storeOf(machine);
    if (!(await store.has('journal.json'))) return;
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

  async list(id: string): Promise<SnapshotList> {
    const machine = this.machines.library.get(id);
    const config = requireConfig(machine);
    const store = this.storeOf(machine);
    const { records, broken } = await store.usableRecords();
    const snapshots = await Promise.all(records.map((record) => this.describe(store, records, record)));
    const current = records.find((record) => record.id === config.snapshot);
    let presentBytes = 0;
    let untouched = current !== undefined && !machine.runner;
    for (const { path } of config.disks) {
      presentBytes += await store.bytesOf(path);
      untouched &&= await isUntouched(inFolder(machine.folder, path));
    }
    const sameSettings = current !== undefined && settingChanges(current.config, config).length === 0;
    return {
      snapshots,
      broken,
      current: current?.id ?? null,
      presentChangedSince: !(untouched && sameSettings),
      presentBytes,
    };
  }

  /** Starts the job; what can be refused is refused before there is one. */
  async take(request: TakeRequest): Promise<{ jobId: string }> {
    const machine = this.ready(request.id, 'takeSnapshot');
    const engine = await requireEngine(this.context, requireConfig(machine).engine);
    if (request.memory && hasProcess(machine.state) && !engine.saveState) {
      throw new Failure(
        'engine.unsupported',
        `The engine “${engine.title}” cannot save a machine's memory.`,
        {
          hint: 'Power the machine off first, or take a snapshot without memory.',
        },
      );
    }
    return this.job(machine, 'snapshot', false, async (control) => {
      return {
        snapshot: await this.takeNow(machine, request, engine.stateVersion ?? engine.version, control),
      };
    });
  }

  async restore(id: string, snapshot: string, disksOnly: boolean): Promise<{ jobId: string }> {
    const machine = this.ready(id, 'restoreSnapshot');
    await this.checkRestore(machine, snapshot, disksOnly);
    return this.job(machine, 'restore', false, () => this.restoreNow(machine, snapshot, disksOnly));
  }

  async delete(id: string, ids: string[]): Promise<{ jobId: string }> {
    const machine = this.ready(id, 'deleteSnapshots');
    await this.storeOf(machine).planDelete(ids, machine.runner !== undefined);
    return this.job(machine, 'deleteSnapshots', true, (control) => this.deleteNow(machine, ids, control));
  }

  async estimate(id: string, ids: string[]): Promise<SnapshotEstimate> {
    const machine = this.machines.library.get(id);
    const store = this.storeOf(machine);
    const plan = await store.planDelete(ids, machine.runner !== undefined);
    const { freed, needed } = await store.measure(plan, ids);
    const tops = new Set(plan.merges.map(({ layers: [image] }) => image));
    const merged = (await store.records()).filter((record) =>
      imagesOf(record).some((path) => tops.has(path)),
    );
    const present = requireConfig(machine).disks;
    return {
      freedBytes: freed,
      neededBytes: needed,
      merged: merged.map((record) => record.id),
      mergesPresent: present.some(({ path }) => tops.has(path)),
    };
  }

  edit(id: string, snapshot: string, texts: { name: string; description: string }): Promise<void> {
    const machine = this.machines.library.get(id);
    return this.inTurn(machine, async () => {
      await this.storeOf(machine).edit(snapshot, texts);
      this.changed(machine);
    });
  }

  async screen(id: string, snapshot: string): Promise<string | null> {
    const machine = this.machines.library.get(id);
    const store = this.storeOf(machine);
    await store.record(snapshot);
    const { screen } = filesOf(snapshot);
    if (!(await store.has(screen))) return null;
    return Buffer.from(await readFile(inFolder(machine.folder, screen))).toString('base64');
  }

  async compare(id: string, a: string, b: string | null): Promise<SnapshotComparison> {
    const { snapshots, current, presentBytes } = await this.list(id);
    const find = (wanted: string): Snapshot => {
      const found = snapshots.find((snapshot) => snapshot.id === wanted);
      if (found) return found;
      throw new Failure('snapshot.not-found', 'This machine has no such snapshot any more.');
    };
    const left = find(a);
    const right = b === null ? null : find(b);
    const sizes = ({ ownBytes, memoryBytes, memory }: Snapshot) => ({ ownBytes, memoryBytes, memory });
    const present = { ownBytes: presentBytes, memoryBytes: 0, memory: false };
    const presentConfig = requireConfig(this.machines.library.get(id));
    return {
      settings: settingChanges(left.config, right?.config ?? presentConfig),
      a: sizes(left),
      b: right ? sizes(right) : present,
      commonAncestor: commonAncestor(snapshots, a, b ?? current),
    };
  }

  private async takeNow(
    machine: Machine,
    request: TakeRequest,
    engineVersion: string,
    control: JobControl,
  ): Promise<string> {
    const store = this.storeOf(machine);
    const name =
      request.name ?? defaultSnapshotName((await store.usableRecords()).records.map((record) => record.name));
    const wanted = (state: SnapshotState) => ({
      name,
      description: request.description ?? '',
      state,
      engineVersion,
      createdAt: new Date().toISOString(),
    });
    const taken = await machine.inTurn(async () => {
      requireState(machine, 'takeSnapshot');
      if (machine.runner)
        return this.takeLive(machine, wanted(machine.state as SnapshotState), request.memory);
      await this.recover(machine);
      await this.machines.library.reread(machine);
      const state = machine.state === 'saved' && request.memory ? 'saved' : 'off';
      let id = '';
      await this.machines.locked(machine, async () => {
        await removeUnfinishedFiles(machine.folder);
        id = await store.take(wanted(state), request.memory);
      });
      await this.machines.library.reread(machine);
      return { id, written: undefined };
    });
    machine.note(`snapshot “${name}” (${taken.id})`);
    this.changed(machine);
    if (taken.written) await this.memoryWritten(machine, taken.written, control);
    this.changed(machine);
    return taken.id;
  }

  /** The guest goes on as soon as this resolves; its memory is still being written then. */
  private async takeLive(
    machine: Machine,
    wanted: Parameters<SnapshotStore['take']>[0],
    memory: boolean,
  ): Promise<{ id: string; written: (() => Promise<void>) | undefined }> {
    const store = this.storeOf(machine);
    const runner = this.machines.power.processOf(machine);
    const { pending, id, overlays } = await store.beginTake(wanted, false);
    const files = filesOf(id);
    // From here on a dead program leaves the snapshot: the guest may write to its new images any moment.
    await pending.decide();
    try {
      await runner.call('snapshot', {
        overlays,
        memoryPath: memory ? inFolder(machine.folder, files.memory) : null,
        screenPath: inFolder(machine.folder, files.screen),
      });
    } catch (error) {
      // A process that is gone may have used the new images; what it says it did not use is taken back.
      if (toErrorValue(error).code === 'ipc.closed') {
        await runner.ended;
        await pending.finish();
      } else {
        await pending.takeBack(error);
      }
      await this.afterChange(machine);
      throw error;
    }
    await pending.finish();
    await this.afterChange(machine);
    return { id, written: memory ? () => runner.call('snapshotMemory', {}) : undefined };
  }

  private async memoryWritten(
    machine: Machine,
    written: () => Promise<void>,
    control: JobControl,
  ): Promise<void> {
    const stop = this.machines.power.onSaveProgress(machine, control.progress);
    try {
      await written();
    } catch (error) {
      throw new Failure(toErrorValue(error).code, 'The snapshot has no memory: it could not be written.', {
        hint: 'Its disks are in order: restored, the guest boots from them.',
        cause: error,
      });
    } finally {
      stop();
    }
  }

  /** Everything that would stand in the way, before anything is changed. */
  private async checkRestore(
    machine: Machine,
    snapshot: string,
    disksOnly: boolean,
  ): Promise<SnapshotRecord> {
    const store = this.storeOf(machine);
    const record = await store.record(snapshot);
    const { memory } = filesOf(snapshot);
    if (!disksOnly && (await store.has(memory))) {
      const engine = await requireEngine(this.context, record.config.engine);
      await checkSavedState(inFolder(machine.folder, memory), record.config, engine).catch(
        (error: unknown) => {
          const { code, message } = toErrorValue(error);
          throw new Failure(code, `The memory of “${record.name}” cannot be used: ${message}`, {
            hint: 'Nothing has been changed. Restore its disks only: the guest boots from them.',
            cause: error,
          });
        },
      );
    }
    return record;
  }

  private async restoreNow(machine: Machine, snapshot: string, disksOnly: boolean): Promise<void> {
    const record = await this.checkRestore(machine, snapshot, disksOnly);
    const store = this.storeOf(machine);
    const hasMemory = !disksOnly && (await store.has(filesOf(snapshot).memory));
    await store.checkImages(record);
    if (machine.runner) await this.machines.power.powerOff(machine);
    await machine.inTurn(async () => {
      requireState(machine, 'restoreSnapshot');
      if (machine.runner)
        throw new Failure('machine.wrong-state', `“${machine.name}” was started meanwhile.`);
      await this.recover(machine);
      await this.machines.locked(machine, async () => {
        await removeUnfinishedFiles(machine.folder);
        await store.restore(snapshot, !disksOnly);
      });
      machine.note(`restored “${record.name}” (${snapshot})`);
      await this.afterChange(machine);
      machine.runProblem = null;
    });
    this.changed(machine);
    if (!hasMemory || (record.state !== 'running' && record.state !== 'paused')) return;
    await this.machines.power.start(machine);
    if (record.state === 'paused') await this.machines.power.pause(machine);
  }

  private async deleteNow(machine: Machine, ids: string[], control: JobControl): Promise<void> {
    const store = this.storeOf(machine);
    await machine.inTurn(async () => {
      requireState(machine, 'deleteSnapshots');
      const running = machine.runner !== undefined;
      if (!running) await this.recover(machine);
      const plan = await store.planDelete(ids, running);
      const work = (): Promise<void> =>
        store.delete(plan, {
          onProgress: (done, total) => control.progress(done, total),
          signal: control.signal,
        });
      await (running ? work() : this.machines.locked(machine, work));
      machine.note(
        ids.length > 0 ? `deleted snapshots: ${ids.join(', ')}` : 'merged what deleted snapshots had left',
      );
      await this.afterChange(machine);
      if (running) this.mergeWhenOff(machine);
    });
    this.changed(machine);
  }

  /** What the running machine needs of deleted snapshots stays until then; after that it is only in the way. */
  private mergeWhenOff(machine: Machine): void {
    const { runner } = machine;
    void runner?.ended
      .then(() => machine.settled)
      .then(async () => {
        if (this.machines.power.isClosing || machine.runner || machine.config === null) return;
        const { merges } = await this.storeOf(machine).planDelete([], false);
        if (merges.length > 0)
          this.job(machine, 'deleteSnapshots', true, (control) => this.deleteNow(machine, [], control));
      })
      .catch((error: unknown) => this.context.log.warn(`“${machine.name}”: not merged yet`, error));
  }

  /** Its configuration has been written by an operation: takes it over. */
  private async afterChange(machine: Machine): Promise<void> {
    if (machine.runner) machine.config = await this.storeOf(machine).config();
    else await this.machines.library.reread(machine);
    this.machines.library.changed(machine);
  }

  private async describe(
    store: SnapshotStore,
    records: readonly SnapshotRecord[],
    record: SnapshotRecord,
  ): Promise<Snapshot> {
    const files = filesOf(record.id);
    const memoryBytes = await store.bytesOf(files.memory);
    let ownBytes = memoryBytes;
    for (const image of imagesOf(record)) ownBytes += await store.bytesOf(image);
    const { id, parent, name, description, createdAt, state, engineVersion, config } = record;
    return {
      id,
      parent: records.some((other) => other.id === parent) ? parent : null,
      name,
      description,
      createdAt,
      state,
      memory: await store.has(files.memory),
      engine: config.engine,
      engineVersion,
      hasScreen: await store.has(files.screen),
      ownBytes,
      memoryBytes,
      sharedBytes: await store.sharedBytes(records, record),
      config,
    };
  }

  private storeOf(machine: Machine): SnapshotStore {
    const { processHost } = this.context;
    const files = hostSnapshotFiles((request, { onProgress, signal }) =>
      runWorkerJob(processHost, 'mergeImages', request, {
        signal: signal ?? new AbortController().signal,
        progress: (done, total) => onProgress?.(done, total ?? 0),
      }),
    );
    return new SnapshotStore(machine.folder, files);
  }

  /** @throws Failure `machine.not-found`, `machine.inaccessible`, `machine.wrong-state` */
  private ready(id: string, action: MachineAction): Machine {
    const machine = this.machines.library.get(id);
    requireConfig(machine);
    requireState(machine, action);
    return machine;
  }

  private job(
    machine: Machine,
    kind: 'snapshot' | 'restore' | 'deleteSnapshots',
    cancellable: boolean,
    task: (control: JobControl) => Promise<unknown>,
  ): { jobId: string } {
    const description = {
      kind,
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

  private inTurn<T>(machine: Machine, task: () => Promise<T>): Promise<T> {
    const result = (this.queues.get(machine.id) ?? Promise.resolve()).then(task);
    this.queues.set(
      machine.id,
      result.catch(() => undefined),
    );
    return result;
  }

  private report(machine: Machine, error: unknown): void {
    const problem = toFailure(error).toValue();
    machine.runProblem = problem;
    machine.note(problem.message);
    this.context.log.warn(`“${machine.name}” (${machine.id})`, problem);
    this.machines.library.changed(machine);
  }

  private changed(machine: Machine): void {
    this.machines.library.changed(machine);
    this.context.emit({ name: 'snapshot.changed', value: { id: machine.id } });
  }
}
