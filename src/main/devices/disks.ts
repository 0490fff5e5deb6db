import { isAbsolute } from 'node:path';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import { Failure, toErrorValue } from '@shared/errors';
import type { DiskConfig, MachineConfig } from '@shared/machine/config';
import {
  diskHotPlugRefusal,
  freeDeviceId,
  type NewDisk,
  type RemovedImage,
  withDisk,
  withoutDevice,
} from '@shared/machine/devices';
import type { MachineSummary } from '@shared/machine/summary';
import { phrase } from '@shared/phrases/phrase';
import type { JobControl } from '../jobs/registry';
import { checkConfig } from '../machines/check-config';
import { type MachinesContext, requireConfig, requireEngine, requireState } from '../machines/context';
import { checkMedium } from '../machines/launch-paths';
import type { Machine } from '../machines/machine';
import type { MachineService } from '../machines/service';
import { exists } from '../snapshots/files';
import { JournalledFolder } from '../snapshots/journal';
import { inFolder } from '../snapshots/record';
import type { SnapshotService } from '../snapshots/service';
import { SnapshotStore } from '../snapshots/store';
import { workerSnapshotFiles } from '../snapshots/worker-files';
import { freeImage, makeImage, removeUnfinishedImages, unfinishedImage } from './images';
import { imagesOfDisk } from './disk-images';
import { planAddDisk, planRemoveDisk } from './plan';
import { refuseHotPlug, requireDevice, standsStill, tooMany } from './refusals';

/** The disks of machines, as they come and go. */
export class DiskService {
  constructor(
    private readonly machines: MachineService,
    private readonly snapshots: Pick<SnapshotService, 'recover'>,
    private readonly context: MachinesContext,
  ) {}

  /** Removes what earlier runs of the program have left half made. Never rejects. */
  async tidyAll(): Promise<void> {
    for (const machine of this.machines.library.all()) {
      await removeUnfinishedImages(machine.folder).catch((error: unknown) =>
        this.context.log.warn(`“${machine.name}”: an unfinished image stays`, error),
      );
    }
  }

  /** Starts the job; what can be refused is refused before there is one. Its result is `{ disk }`. */
  async add(id: string, wanted: NewDisk): Promise<{ jobId: string }> {
    const machine = this.ready(id);
    const { source, bus } = wanted;
    await this.plan(machine, bus);
    if (source.kind === 'copy') {
      if (!isAbsolute(source.path)) {
        throw new Failure('input.invalid', phrase('file.absolute', { path: source.path }));
      }
      await checkMedium(source.path);
    }
    const description = {
      kind: 'addDisk',
      subject: machine.id,
      title: machine.name,
      unit: source.kind === 'copy' ? 'bytes' : 'steps',
      cancellable: true,
    } as const;
    return this.context.jobs.start(description, async (control) => {
      const image = unfinishedImage();
      const path = inFolder(machine.folder, image);
      try {
        await makeImage(path, source, this.context.processHost, control);
        control.signal.throwIfAborted();
        return { disk: await machine.inTurn(() => this.attach(machine, bus, image)) };
      } finally {
        await this.filesOf().remove(path);
      }
    });
  }

  /** Starts the job; what can be refused is refused before there is one. Its result is `{ image }`. */
  async remove(id: string, disk: string, image: RemovedImage): Promise<{ jobId: string }> {
    const machine = this.ready(id);
    const config = requireConfig(machine);
    const { bus } = requireDevice(machine, config.disks, disk);
    if (image === 'trash' && !this.context.shell.moveToTrash) {
      throw new Failure('host.unavailable', phrase('devices.noTrash'), {
        hint: phrase('devices.noTrashHint'),
      });
    }
    if (machine.runner) {
      this.refuseToPull(machine, config, await requireEngine(this.context, config.engine), bus, disk);
    }
    return this.removal(machine, disk, image, true);
  }

  /** The guest has let a disk go by itself: what it holds is kept. */
  letGo(machine: Machine, disk: string): void {
    this.removal(machine, disk, 'keep', false);
  }

  /** Attaches a disk of a machine that is off to another bus. */
  change(id: string, disk: string, bus: DiskConfig['bus']): Promise<MachineSummary> {
    const machine = this.machines.library.get(id);
    return machine.inTurn(async () => {
      requireState(machine, 'configure');
      await this.machines.library.reread(machine);
      const config = requireConfig(machine);
      const wanted = withDisk(config, { ...requireDevice(machine, config.disks, disk), bus });
      checkConfig(wanted, await requireEngine(this.context, config.engine));
      await this.machines.rewrite(machine, () => wanted);
      return machine.summary();
    });
  }

  private async attach(machine: Machine, bus: DiskConfig['bus'], image: string): Promise<string> {
    await this.settle(machine);
    const { config, disk: planned } = await this.plan(machine, bus);
    const disk = { ...planned, path: await freeImage(machine.folder, planned.id) };
    const folder = new JournalledFolder(machine.folder, this.filesOf());
    const operation = planAddDisk(config, disk, image);
    const { runner } = machine;
    if (!runner) {
      await this.machines.locked(machine, () => folder.run(operation));
    } else {
      const pending = await folder.begin(operation);
      // From here on a dead program leaves the disk: the guest may write to it any moment.
      await pending.decide();
      try {
        const path = inFolder(machine.folder, disk.path);
        await runner.call('addDisk', { config: withDisk(config, disk), disk: disk.id, path });
      } catch (error) {
        if (toErrorValue(error).code !== 'ipc.closed') {
          await pending.takeBack(error);
          throw error;
        }
        // The machine is gone, and the guest may have written to the disk: it stays.
        await runner.ended;
      }
      await pending.finish();
    }
    machine.note(`added ${disk.id} (${bus}): ${disk.path}`);
    await this.changed(machine);
    return disk.id;
  }

  private removal(machine: Machine, disk: string, image: RemovedImage, pull: boolean): { jobId: string } {
    const description = {
      kind: 'removeDisk',
      subject: machine.id,
      title: machine.name,
      unit: 'bytes',
      cancellable: image !== 'erase',
    } as const;
    return this.context.jobs.start(description, async (control) => {
      const left = await machine.inTurn(() => this.detach(machine, disk, image, pull, control));
      if (left === null || image !== 'trash') return { image: left };
      await this.moveToTrash(left);
      return { image: null };
    });
  }

  /** @returns where the image lies that is left of it, or null */
  private async detach(
    machine: Machine,
    id: string,
    image: RemovedImage,
    pull: boolean,
    control: JobControl,
  ): Promise<string | null> {
    if (pull) requireState(machine, 'changeDevices');
    await this.settle(machine);
    const config = requireConfig(machine);
    const disk = requireDevice(machine, config.disks, id);
    const store = new SnapshotStore(machine.folder, this.filesOf());
    const images = await imagesOfDisk(store, disk, image);
    const keep = image !== 'erase';
    const alone = images.chain.length === 1;
    const keepAt = keep && !alone ? await freeImage(machine.folder, id) : null;
    const operation = planRemoveDisk(config, id, images, keep, keepAt);
    const { runner } = machine;
    const work = (): Promise<void> =>
      new JournalledFolder(machine.folder, this.filesOf()).run(operation, {
        onProgress: (done, total) => control.progress(done, total),
        signal: control.signal,
      });
    if (!runner) {
      await this.machines.locked(machine, work);
    } else {
      if (pull) {
        this.refuseToPull(machine, config, await requireEngine(this.context, config.engine), disk.bus, id);
        await runner.call('removeDisk', { config: withoutDevice(config, id), disk: id });
      }
      await work().catch(async (error: unknown) => {
        // What the configuration says and what the guest has must not differ.
        const path = inFolder(machine.folder, disk.path);
        await runner.call('addDisk', { config, disk: id, path }).catch((again: unknown) => {
          machine.note(`${id} could not be put back: ${toErrorValue(again).message}`);
        });
        throw error;
      });
    }
    machine.note(`removed ${id}: ${disk.path}`);
    await this.changed(machine);
    return keep ? inFolder(machine.folder, keepAt ?? disk.path) : null;
  }

  /** What a disk on that bus would be. @throws Failure `engine.unsupported`, `machine.*` */
  private async plan(
    machine: Machine,
    bus: DiskConfig['bus'],
  ): Promise<{ config: MachineConfig; disk: DiskConfig }> {
    requireState(machine, 'changeDevices');
    const config = requireConfig(machine);
    const engine = await requireEngine(this.context, config.engine);
    const id = freeDeviceId(config, 'disk');
    if (id === undefined) throw tooMany();
    const disk = { id, path: `disks/${id}.qcow2`, bus };
    checkConfig(withDisk(config, disk), engine);
    if (machine.runner) refuseHotPlug(machine, diskHotPlugRefusal(config, engine, bus));
    return { config, disk };
  }

  private refuseToPull(
    machine: Machine,
    config: MachineConfig,
    engine: EngineCapabilities,
    bus: DiskConfig['bus'],
    id: string,
  ): void {
    refuseHotPlug(machine, diskHotPlugRefusal(config, engine, bus, id));
    if (machine.state === 'paused') throw standsStill(machine);
  }

  /** Before a change: nothing of an earlier one is half done, and the configuration is what the file says. */
  private async settle(machine: Machine): Promise<void> {
    this.context.busy?.refuse(machine);
    if (machine.runner) return;
    await this.snapshots.recover(machine);
    await this.machines.library.reread(machine);
  }

  /** Takes over what an operation has written into the configuration. */
  private async changed(machine: Machine): Promise<void> {
    if (machine.runner) {
      machine.config = await new SnapshotStore(machine.folder, this.filesOf()).config();
    } else {
      await this.machines.library.reread(machine);
    }
    this.machines.library.changed(machine);
    // What a snapshot says of the present state counts its disks.
    this.context.emit({ name: 'snapshot.changed', value: { id: machine.id } });
  }

  private async moveToTrash(path: string): Promise<void> {
    try {
      if (await exists(path)) await this.context.shell.moveToTrash?.(path);
    } catch (error) {
      throw new Failure('file.io', phrase('devices.notInTrash', { path }), {
        hint: phrase('devices.notInTrashHint'),
        cause: error,
      });
    }
  }

  private filesOf(): ReturnType<typeof workerSnapshotFiles> {
    return workerSnapshotFiles(this.context.processHost);
  }

  private ready(id: string): Machine {
    const machine = this.machines.library.get(id);
    requireConfig(machine);
    requireState(machine, 'changeDevices');
    return machine;
  }
}
