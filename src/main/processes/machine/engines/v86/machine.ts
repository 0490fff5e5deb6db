import { Failure, toErrorValue, type ErrorValue, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { ByteStream } from '@shared/ipc/byte-stream';
import type { MachineStatistics } from '@shared/machine/statistics';
import type { PullOptions } from '../../../../disks/block-device';
import type { ScreenAdapter } from '../../display/screen-adapter';
import type { EngineEvents, RunningMachine, ScreenCapture, StateSink, TakenSnapshot } from '../../engine';
import type { ImageOpener } from '../../images';
import { RfbServer } from '../../rfb/rfb-server';
import { OwnProcessMeter, type Totals } from '../../statistics';
import { pressPowerButton, repairAcpi } from './acpi';
import type { GuestDisk } from './disk';
import type { Emulator } from './emulator';
import { guestInput } from './guest-input';
import { GuestKeyboard } from './keyboard';
import { type MediaDrive, unknownDrive } from './media';
import { GuestMouse } from './mouse';
import type { GuestNic } from './nic';
import type { Problems } from '../../problems';
import type { RunControl } from './run-control';
import { ScreenPump } from './screen';
import type { GuestSerial } from './serial';
import { replaceImages } from '../../replace-images';
import { copyState, saveState, writeImage } from './state';
import { describeProcessor } from './traps';

/** What a machine is put together from; see `v86-engine.ts`. */
export interface MachineParts {
  name: string;
  acpi: boolean;
  emulator: Emulator;
  screen: ScreenAdapter;
  run: RunControl;
  problems: Problems;
  disks: readonly GuestDisk[];
  /** Where they lie, by their ids. */
  diskPaths: ReadonlyMap<string, string>;
  opener: ImageOpener;
  drives: readonly MediaDrive[];
  serial: readonly GuestSerial[];
  nic: GuestNic | undefined;
  events: EngineEvents;
}

/** A computer of the embedded engine, with everything that is plugged into it. */
export class V86Machine implements RunningMachine {
  readonly #keyboard: GuestKeyboard;
  readonly #rfb: RfbServer;
  readonly #pump: ScreenPump;
  readonly #meter: OwnProcessMeter;
  #diskPaths: ReadonlyMap<string, string>;
  #ending: Promise<void> | undefined;
  #failed = false;

  constructor(private readonly parts: MachineParts) {
    const { emulator, screen, events, name } = parts;
    this.#diskPaths = parts.diskPaths;
    const { bus } = emulator.v86;
    this.#keyboard = new GuestKeyboard(bus, emulator.cpu.devices.ps2);
    this.#rfb = new RfbServer(screen.frame, guestInput(this.#keyboard, new GuestMouse(bus)), {
      name,
      onViewerDropped: (reason) => events.log(`A viewer was disconnected: ${reason}`),
    });
    this.#rfb.pointerMode = 'relative';
    this.#pump = new ScreenPump(
      screen,
      () => emulator.cpu.devices.vga.screen_fill_buffer(),
      () => this.#rfb.stats().viewers > 0,
      (mode) => events.screen(mode),
    );
    this.#meter = new OwnProcessMeter(() => this.#totals());
    this.#listen();
  }

  /** Switches the machine on. */
  async start(): Promise<void> {
    this.#pump.start();
    await this.parts.run.release('not-started');
  }

  async pause(): Promise<void> {
    await this.parts.run.hold('person');
    await this.#settleDisks();
  }

  async resume(): Promise<void> {
    const { problems, run } = this.parts;
    if (problems.current) {
      problems.retry();
      await problems.guard(this.#disksIdle());
    }
    await run.release('problem');
    await run.release('person');
  }

  async reset(): Promise<void> {
    const { run, problems, emulator } = this.parts;
    await run.during(async () => {
      // What is under way would otherwise be written into the memory of a system that is just booting.
      if (!problems.current) await this.#settleDisks();
      this.#keyboard.clear();
      this.#setPointer(false);
      emulator.reset();
    });
  }

  async powerButton(): Promise<boolean> {
    return pressPowerButton(this.parts.emulator.cpu);
  }

  powerOff(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async saveState(sink: StateSink): Promise<void> {
    await this.#settleDisks();
    await saveState(this.parts.emulator, sink);
  }

  async takeSnapshot(overlays: ReadonlyMap<string, string>, sink: StateSink | null): Promise<TakenSnapshot> {
    const { run, emulator, disks, opener } = this.parts;
    const began = performance.now();
    const image = await run.during(async () => {
      await this.#settleDisks();
      const copy = sink && copyState(emulator);
      try {
        this.#diskPaths = await replaceImages(disks, this.#diskPaths, overlays, opener);
      } catch (error) {
        // Without its disks the guest cannot go on.
        if (disks.some((disk) => disk.lost)) this.trap(error);
        throw error;
      }
      return copy;
    });
    const pausedMs = performance.now() - began;
    return { memory: image && sink ? writeImage(image, sink) : Promise.resolve(), pausedMs };
  }

  async mergeDisk(disk: string, below: string | null, options: PullOptions): Promise<void> {
    const found = this.parts.disks.find(({ id }) => id === disk);
    if (!found) throw new Failure('input.invalid', phrase('merge.noDisk', { disk }));
    await found.merge(below, options);
  }

  async insertMedium(drive: string, path: string | null): Promise<void> {
    const found = this.parts.drives.find(({ id }) => id === drive);
    if (!found) throw unknownDrive(drive);
    await found.change(this.parts.emulator.cpu, path);
  }

  connectGraphics(stream: ByteStream): void {
    this.#rfb.attach(stream);
    this.#pump.wake();
  }

  connectSerial(port: number, stream: ByteStream): void {
    const serial = this.parts.serial[port];
    if (serial) serial.hub.connect(stream);
    else stream.close();
  }

  sendScancodes(bytes: readonly number[]): void {
    this.#keyboard.send(bytes);
  }

  capture(): ScreenCapture {
    this.#pump.refresh();
    const { frame } = this.parts.screen;
    return { width: frame.width, height: frame.height, rgba: frame.bytes, version: frame.generation };
  }

  screenText(): string[] | null {
    this.#pump.refresh();
    const { screen } = this.parts;
    return screen.graphical ? null : screen.textRows();
  }

  async setLink(nic: string, connected: boolean): Promise<void> {
    if (this.parts.nic?.id !== nic) {
      throw new Failure('input.invalid', phrase('device.noCard', { card: nic }));
    }
    this.parts.nic.setLink(connected);
  }

  statistics(): MachineStatistics {
    return this.#meter.read();
  }

  /** The emulator itself has failed; it can do nothing more. */
  trap(error: unknown): void {
    if (this.#failed || this.#ending) return;
    this.#failed = true;
    const { events, emulator } = this.parts;
    this.#pump.stop();
    events.log(
      `The emulator failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    for (const line of describeProcessor(emulator.cpu)) events.log(line);
    this.parts.problems.abandon();
    void this.#close()
      .then(
        () => {},
        (closing: unknown) => events.log(`While closing the disks: ${toErrorValue(closing).message}`),
      )
      .then(() => {
        const message = phrase('qemuTalk.v86Failed');
        events.failed(new Failure('engine.failed', message, { cause: error }).toValue());
      });
  }

  #listen(): void {
    const { emulator, events, acpi } = this.parts;
    repairAcpi(emulator.cpu, {
      powerOff: () => this.#guestPowersOff(),
      sleep: (type) => events.log(`The guest asked for sleep state ${type}, which v86 does not have.`),
    });
    emulator.v86.add_listener('vmware-absolute-mouse', (absolute: boolean) => this.#setPointer(absolute));
    // With ACPI a guest that is off says so; one that merely stops for ever is left standing, as on a real PC.
    if (!acpi) emulator.v86.add_listener('cpu-event-halt', () => this.#guestPowersOff());
  }

  #setPointer(absolute: boolean): void {
    const mode = absolute ? 'absolute' : 'relative';
    if (this.#rfb.pointerMode === mode) return;
    this.#rfb.pointerMode = mode;
    this.parts.events.pointer(mode);
  }

  #guestPowersOff(): void {
    if (this.#ending || this.#failed) return;
    const { events } = this.parts;
    this.#ending = this.#end();
    this.#ending.then(
      () => events.stopped(),
      (error: unknown) => events.failed(toErrorValue(error)),
    );
  }

  #allDisks(): GuestDisk[] {
    const media = this.parts.drives.flatMap(({ disk }) => (disk ? [disk] : []));
    return [...this.parts.disks, ...media];
  }

  async #disksIdle(): Promise<void> {
    await Promise.all(this.#allDisks().map((disk) => disk.idle()));
  }

  /** @throws Failure while a fault of the host lasts */
  async #settleDisks(): Promise<void> {
    await this.parts.problems.guard(this.#disksIdle());
    await Promise.all(this.#allDisks().map((disk) => disk.flush()));
  }

  async #end(): Promise<void> {
    const { run, problems, events } = this.parts;
    await run.hold('ended');
    let lost: ErrorValue | undefined;
    if (problems.current) {
      // The person knows of the fault, and has chosen to end the machine all the same.
      events.log(`Requests that had failed are given up: ${problems.current.message}`);
    } else {
      await problems.guard(this.#disksIdle()).catch((error: unknown) => (lost = toErrorValue(error)));
    }
    problems.abandon();
    this.#pump.stop();
    await this.#close();
    if (lost) throw toFailure(lost);
  }

  /** Closes everything, whatever happens on the way. @throws Failure the first that happened */
  async #close(): Promise<void> {
    this.#keyboard.clear();
    this.#rfb.close();
    for (const serial of this.parts.serial) serial.close();
    await this.parts.nic?.close();
    const closed = await Promise.allSettled(this.#allDisks().map((disk) => disk.close()));
    for (const result of closed) if (result.status === 'rejected') throw result.reason;
  }

  #totals(): Omit<Totals, 'cpu' | 'vcpus'> {
    const { nic } = this.parts;
    return {
      pictures: this.#pump.changes,
      disks: this.#allDisks().map(({ id, counters }) => ({ id, ...counters })),
      nics: nic ? [{ id: nic.id, ...nic.counters }] : [],
    };
  }
}
