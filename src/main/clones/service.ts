import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { CloneEstimate, CloneRequest, SharedWith } from '@shared/machine/clone';
import type { MachineConfig } from '@shared/machine/config';
import type { MachineSummary } from '@shared/machine/summary';
import { measureMerge } from '../disks/chain/merge';
import type { JobControl } from '../jobs/registry';
import { buildMachineFolder } from '../machines/build-folder';
import { type MachinesContext, requireConfig, requireState } from '../machines/context';
import { checkName, type Taken } from '../machines/create';
import { newMac, newMachineId } from '../machines/identity';
import type { MachineKeeper } from '../machines/keeper';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';
import { freeSpace } from '../platform/disk-space';
import { copyInWorker } from '../platform/worker-job';
import { workerTasks } from '../snapshots/worker-files';
import { filesOf } from '../snapshots/record';
import type { SnapshotService } from '../snapshots/service';
import { buildFull, buildLinked, buildWhole, pinSource } from './build';
import { type CloneFiles, hostCloneFiles } from './files';
import { clonedConfig, type CloneIdentity, newAddresses } from './plan';
import { sharingWith } from './sharing';
import { type CloneSource, firstUnmovable, readSource, storeIn } from './source';

/** What a kept machine is told to be doing. */
const what = phrase('machine.isCloned');

/** A source that stays what it is until `release`. */
interface Held {
  source: CloneSource;
  release: () => Promise<void>;
}

/** Makes machines of other machines. */
export class CloneService {
  private readonly files: CloneFiles;

  constructor(
    private readonly machines: MachineService,
    private readonly snapshots: SnapshotService,
    private readonly context: MachinesContext,
    private readonly keeper: MachineKeeper,
  ) {
    this.files = this.inWorkers();
  }

  /** What cloning would take and what is possible. @throws Failure `machine.*`, `snapshot.*`, `disk.*`, `file.*` */
  async estimate(id: string, snapshot: string | null): Promise<CloneEstimate> {
    const { folder } = this.accessible(id);
    const source = await readSource(folder, snapshot);
    const store = storeIn(folder);
    const { records } = await store.usableRecords();
    let bytes = 0;
    for (const chain of source.chains.values()) bytes += await measureMerge(chain);
    let bytesWithSnapshots = 0;
    for (const file of await store.diskFiles()) bytesWithSnapshots += await store.bytesOf(file);
    let snapshotsWithMemory = 0;
    for (const record of records) {
      if (await store.has(filesOf(record.id).memory)) snapshotsWithMemory++;
    }
    return {
      bytes,
      bytesWithSnapshots: Math.max(bytes, bytesWithSnapshots),
      freeBytes: await freeSpace(this.machines.machinesFolder),
      linkable: source.chains.size > 0 && (await this.isLinkable(source)),
      takesSnapshot: !source.frozen,
      snapshots: records.length,
      snapshotsWithMemory,
    };
  }

  /** The machines that have images in common with one. */
  sharing(id: string): Promise<SharedWith[]> {
    return sharingWith(this.machines.library.get(id), this.machines.library.all());
  }

  /** Marks a machine as one that others are made of and that is never started, or takes that back. */
  setTemplate(id: string, template: boolean): Promise<MachineSummary> {
    const machine = this.accessible(id);
    return machine.inTurn(async () => {
      requireState(machine, 'configure');
      await this.machines.rewrite(machine, ({ template: _before, ...config }) =>
        template ? { ...config, template } : config,
      );
      return machine.summary();
    });
  }

  /** Starts the job; what can be refused is refused before there is one. The job's result is `{ id }`. */
  async clone(request: CloneRequest): Promise<{ jobId: string }> {
    const machine = this.accessible(request.id);
    const config = requireConfig(machine);
    if (request.snapshots && (request.kind === 'linked' || request.snapshot !== null)) {
      throw new Failure('input.invalid', phrase('clone.allSnapshots'));
    }
    if (request.kind === 'linked' && config.disks.length === 0) {
      throw new Failure('input.invalid', phrase('clone.noDisk', { name: machine.name }), {
        hint: phrase('clone.fullHint'),
      });
    }
    if (request.snapshot === null) this.keeper.requireRest(machine);
    else await storeIn(machine.folder).record(request.snapshot);
    const configs = [
      config,
      ...(await storeIn(machine.folder).usableRecords()).records.map((one) => one.config),
    ];
    // From here on until the clone is in the library, nobody else may take its name and addresses.
    const identity = newIdentity(machine, request, configs, this.machines.taken());
    const planned = clonedConfig(config, identity);
    const release = this.machines.reserve(planned);
    const description = {
      kind: 'clone',
      subject: machine.id,
      title: planned.name,
      unit: request.kind === 'linked' ? 'steps' : 'bytes',
      cancellable: true,
    } as const;
    return this.context.jobs.start(description, async (control) => {
      try {
        const folder = await this.build(machine, request, identity, control);
        await this.machines.library.created(folder);
        machine.note(`cloned as “${planned.name}” (${identity.id})`);
        return { id: identity.id };
      } finally {
        release();
      }
    });
  }

  private async build(
    machine: Machine,
    request: CloneRequest,
    identity: CloneIdentity,
    control: JobControl,
  ): Promise<string> {
    // Taken by its own job, so that it is journalled; where nothing has changed since the last one, that will do.
    if (request.kind === 'linked' && request.snapshot === null) await this.freeze(machine, request.name);
    const { machinesFolder } = this.machines;
    return buildMachineFolder(machinesFolder, identity, control.signal, async (folder) => {
      if (request.snapshots) {
        return this.keeper.during(machine, what, () =>
          buildWhole(folder, machine.folder, identity, this.files, control),
        );
      }
      if (request.kind === 'linked') {
        return machine.inTurn(async () => {
          const source = await readSource(machine.folder, request.snapshot);
          const base = source.record ? `${machine.name} · ${source.record.name}` : machine.name;
          const origin = { ...identity.origin, snapshot: source.record?.id ?? null };
          await buildLinked(folder, source, { ...identity, origin }, base.slice(0, 200), this.files);
        });
      }
      const pins = join(folder, 'source');
      const held = await this.hold(machine, request.snapshot, pins);
      try {
        await buildFull(folder, held.source, identity, this.files, control);
      } finally {
        await held.release();
        await this.files.remove(pins);
      }
    });
  }

  /** Sees to it that the present state is what a snapshot froze. */
  private async freeze(machine: Machine, name: string): Promise<void> {
    const { frozen } = await machine.inTurn(() => readSource(machine.folder, null));
    if (frozen) return;
    this.keeper.requireRest(machine);
    const { jobId } = await this.snapshots.take({ id: machine.id, name: name.slice(0, 200), memory: false });
    const { error } = await this.context.jobs.ended(jobId);
    if (error) throw toFailure(error);
  }

  /** Reads what is to be cloned, and keeps it from changing: without being in the machine's way where possible. */
  private hold(machine: Machine, snapshot: string | null, pins: string): Promise<Held> {
    return machine.inTurn(async () => {
      const source = await readSource(machine.folder, snapshot);
      if (source.frozen) {
        const pinned = await pinSource(source, pins, this.files);
        if (pinned) return { source: pinned, release: () => Promise.resolve() };
      }
      return { source, release: await this.keeper.keepInTurn(machine, what) };
    });
  }

  private async isLinkable(source: CloneSource): Promise<boolean> {
    for (const chain of source.chains.values()) if ((await firstUnmovable(chain)) !== undefined) return false;
    const [there, here] = await Promise.all([stat(this.machines.machinesFolder), stat(source.folder)]);
    return there.dev === here.dev;
  }

  private accessible(id: string): Machine {
    const machine = this.machines.library.get(id);
    requireConfig(machine);
    return machine;
  }

  private inWorkers(): CloneFiles {
    const { processHost } = this.context;
    return hostCloneFiles(async (source, target, options) => {
      await copyInWorker(processHost, source, target, options);
    }, workerTasks(processHost));
  }
}

function newIdentity(
  machine: Machine,
  request: CloneRequest,
  configs: readonly MachineConfig[],
  taken: Taken,
): CloneIdentity {
  checkName(request.name, taken.names);
  const { keepAddresses, snapshot, kind } = request;
  return {
    id: newMachineId(),
    name: request.name,
    created: new Date().toISOString(),
    macs: keepAddresses ? new Map() : newAddresses(configs, newMac, taken.macs),
    origin: { machine: machine.id, name: machine.name, snapshot, linked: kind === 'linked' },
  };
}
