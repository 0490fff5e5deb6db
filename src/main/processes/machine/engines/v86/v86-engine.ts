import { readFile } from 'node:fs/promises';
import { v86Version } from '@shared/engine/engines';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { hostFailure } from '../../../../disks/host-file';
import { consumeSavedState } from '../../../../disks/saved-state/consume';
import { readSavedState } from '../../../../disks/saved-state/reader';
import { ScreenAdapter } from '../../display/screen-adapter';
import type { Engine, EngineEvents } from '../../engine';
import { hostImages, type ImageOpener } from '../../images';
import { type DiskHost, GuestDisk } from './disk';
import { Emulator } from './emulator';
import { FrameSocket } from './frame-socket';
import type { V86Uart } from './emulator-types';
import { V86Machine } from './machine';
import { MediaDrive } from './media';
import { GuestNic } from './nic';
import { planV86, type V86Plan } from './plan';
import { Problems } from '../../problems';
import { RunControl } from './run-control';
import { GuestSerial } from './serial';
import { restoreState } from './state';

export function createV86Engine(opener: ImageOpener = hostImages): Engine<V86Plan> {
  return {
    id: 'v86',
    plan: planV86,
    launch: (plan, events) => new Launch(plan, events, opener).run(),
  };
}

export const v86Engine = createV86Engine();

/** One attempt to start a machine. What it has opened is closed again if it fails. */
class Launch {
  #machine: V86Machine | undefined;
  readonly #slowDisks = new Set<GuestDisk>();
  readonly #opened: { close(): Promise<void> }[] = [];
  readonly #problems: Problems;
  readonly #host: DiskHost;
  /** The emulator only exists after the disks; until then nothing runs that could be stopped. */
  #emulator: Emulator | undefined;
  readonly #run = new RunControl({
    run: () => this.#emulator?.run(),
    stop: () => this.#emulator?.stop() ?? Promise.resolve(),
  });
  #trapError: unknown;

  constructor(
    private readonly plan: V86Plan,
    private readonly events: EngineEvents,
    private readonly opener: ImageOpener,
  ) {
    this.#problems = new Problems((problem) => {
      void this.#run.hold('problem').then(() => events.pausedByProblem(problem));
    });
    this.#host = {
      problems: this.#problems,
      slow: (disk, isSlow) => this.#slow(disk, isSlow),
      trap: (error) => this.#trap(error),
    };
  }

  async run(): Promise<V86Machine> {
    try {
      return await this.#launch();
    } catch (error) {
      this.#problems.abandon();
      await Promise.allSettled(this.#opened.map((disk) => disk.close()));
      throw error;
    }
  }

  async #launch(): Promise<V86Machine> {
    const { plan, events } = this;
    const system = await readFirmware(plan.bios.system);
    const video = await readFirmware(plan.bios.video);
    const identity = { engine: 'v86', engineVersion: v86Version, hardwareDigest: plan.hardware };
    const image = plan.savedState === null ? undefined : await readSavedState(plan.savedState, identity);
    const disks = await this.#openDisks();
    const { cdrom, floppies } = await this.#openDrives();

    const screen = new ScreenAdapter();
    const emulator = await this.#underGuard(
      Emulator.create(
        {
          memory_size: plan.memorySize,
          vga_memory_size: plan.videoMemorySize,
          bios: { buffer: system },
          vga_bios: { buffer: video },
          hda: disks[0],
          hdb: disks[1],
          cdrom: cdrom?.disk,
          fda: floppies[0]?.disk,
          fdb: floppies[1]?.disk,
          boot_order: plan.bootOrder,
          acpi: plan.acpi,
          uart1: plan.serialPorts > 1,
          uart2: plan.serialPorts > 2,
          uart3: plan.serialPorts > 3,
          net_device: { type: plan.nic?.model ?? 'none' },
        },
        screen,
        (error) => this.#trap(error),
      ),
    );
    this.#emulator = emulator;
    const drives = [...(cdrom ? [cdrom] : []), ...floppies];
    const serial = this.#connectSerial(emulator);
    const nic = plan.nic ? new GuestNic(plan.nic.id, emulator.v86, plan.nic.connected) : undefined;
    if (nic && plan.nic) {
      nic.setAddress(plan.nic.mac);
      if (plan.nic.socket !== null) nic.attach(await FrameSocket.listen(plan.nic.socket));
      this.#opened.push(nic);
    }

    const machine = new V86Machine({
      name: plan.name,
      acpi: plan.acpi,
      emulator,
      screen,
      run: this.#run,
      problems: this.#problems,
      disks,
      diskPaths: new Map(plan.disks.map(({ id, path }) => [id, path])),
      opener: this.opener,
      drives,
      serial,
      nic,
      events,
    });
    if (image) {
      restoreState(emulator, image);
      for (const port of serial) port.restored();
    }
    for (const drive of drives) drive.settle(emulator.cpu);
    if (nic && plan.nic && !plan.nic.connected) nic.setLink(false);
    if (this.#trapError !== undefined) throw this.#trapError;
    this.#machine = machine;
    if (plan.savedState !== null) await consumeSavedState(plan.savedState);
    await machine.start();
    return machine;
  }

  async #openDisks(): Promise<GuestDisk[]> {
    const disks: GuestDisk[] = [];
    for (const { id, path } of this.plan.disks) {
      const disk = new GuestDisk(id, await this.opener.disk(path), this.#host);
      this.#opened.push(disk);
      disks.push(disk);
    }
    return disks;
  }

  async #openDrives(): Promise<{ cdrom: MediaDrive | undefined; floppies: MediaDrive[] }> {
    const load = async (drive: MediaDrive, path: string | null): Promise<MediaDrive> => {
      if (path !== null) await drive.load(path);
      if (drive.disk) this.#opened.push(drive.disk);
      return drive;
    };
    const { cdrom, floppies } = this.plan;
    const drive = (id: string, kind: ConstructorParameters<typeof MediaDrive>[1]) =>
      new MediaDrive(id, kind, this.opener, this.#host);
    const result: { cdrom: MediaDrive | undefined; floppies: MediaDrive[] } = {
      cdrom: undefined,
      floppies: [],
    };
    if (cdrom) result.cdrom = await load(drive(cdrom.id, { type: 'cdrom' }), cdrom.path);
    for (const [index, { id, path }] of floppies.entries()) {
      const kind = { type: 'floppy', index: index === 0 ? 0 : 1 } as const;
      result.floppies.push(await load(drive(id, kind), path));
    }
    return result;
  }

  #connectSerial(emulator: Emulator): GuestSerial[] {
    const { devices } = emulator.cpu;
    const uarts: (() => V86Uart | undefined)[] = [
      () => devices.uart0,
      () => devices.uart1,
      () => devices.uart2,
      () => devices.uart3,
    ];
    return uarts
      .slice(0, this.plan.serialPorts)
      .map((uart, port) => new GuestSerial(emulator.v86, port, uart));
  }

  /** A disk that cannot be read while v86 looks at its first sector would keep it waiting for ever. */
  #underGuard<T>(work: Promise<T>): Promise<T> {
    return this.#problems.guard(work);
  }

  #slow(disk: GuestDisk, isSlow: boolean): void {
    if (isSlow) this.#slowDisks.add(disk);
    else this.#slowDisks.delete(disk);
    if (this.#slowDisks.size > 0) void this.#run.hold('slow-disk');
    else void this.#run.release('slow-disk');
  }

  #trap(error: unknown): void {
    if (this.#machine) this.#machine.trap(error);
    else this.#trapError ??= error;
  }
}

async function readFirmware(path: string): Promise<ArrayBuffer> {
  try {
    const data = await readFile(path);
    return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
  } catch (error) {
    throw new Failure('file.not-found', phrase('qemuTalk.noFirmware', { path }), {
      cause: hostFailure(error, 'read', path),
      hint: phrase('qemuTalk.noFirmwareHint'),
    });
  }
}
