import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isPc } from '@shared/engine/qemu/platform';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { ByteStream } from '@shared/ipc/byte-stream';
import type { ExecRequest, ExecResult } from '@shared/machine/exec';
import type { MachineStatistics, NicRates } from '@shared/machine/statistics';
import type { RunRecord } from '../../../../platform/qemu-leftovers';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { PullOptions } from '../../../../disks/block-device';
import { hostFailure } from '../../../../disks/host-file';
import { CommandQueue } from '../../command-queue';
import type { EngineEvents, RunningMachine, ScreenCapture, StateSink, TakenSnapshot } from '../../engine';
import { clipboardPort } from './arguments/characters';
import { explainEnd } from './causes';
import type { ClipboardLine } from './clipboard/clipboard-line';
import { ExpertMonitor } from './expert-monitor';
import { FrameCounter } from './frame-counter';
import { GuestChannel } from './guest-channel';
import { HostFault } from './host-fault';
import { HotPlug } from './hot-plug';
import { writeProblem } from './problem';
import { LivePicture } from './live-picture';
import type { MediaDrives } from './media';
import { Balloon } from './balloon';
import { QemuMeter } from './meter';
import { LiveSnapshots } from './live-snapshot';
import { mergeDisk } from './merge-disk';
import { imageNode } from './overlays';
import type { QemuPlan } from './plan';
import { readPixmap } from './portable-pixmap';
import type { QemuProcess } from './qemu-process';
import { saveObstacle } from './save-obstacle';
import { ScancodeReader } from './scancodes';
import type { ScreenAddress } from './screen-address';
import { ScreenOnDemand } from './screen-on-demand';
import type { SerialLine } from './serial-line';
import type { QemuSockets } from './sockets';
import { joinViewer } from './viewer';

/** How long QEMU may take to end after `quit`: it flushes its disks then, which a slow host may delay. */
const quitMs = 10_000;
/** How long the memory of a snapshot that is being written keeps a machine from ending, in milliseconds. */
const memoryMs = 6000;
/** How long a TPM may take to end after its QEMU, in milliseconds. */
const tpmMs = 2000;
const slowMs = 60_000;

/** What a machine is put together from; see `launch.ts`. */
export interface MachineParts {
  plan: QemuPlan;
  process: QemuProcess;
  /** Undefined without a TPM. */
  tpm: QemuProcess | undefined;
  pid: number;
  record: RunRecord;
  sockets: QemuSockets;
  screen: ScreenAddress;
  client: QmpClient;
  drives: MediaDrives;
  serial: readonly SerialLine[];
  /** Undefined where nothing is shared. */
  clipboard: ClipboardLine | undefined;
  events: EngineEvents;
  /** How long a guest may take to let a device go, in milliseconds. */
  unplugMs?: number | undefined;
}

/** A machine that a QEMU of its own runs. */
export class QemuMachine implements RunningMachine {
  readonly hotPlug: HotPlug;
  readonly #keys = new ScancodeReader();
  readonly #frames = new FrameCounter();
  readonly #viewers = new Set<{ close(): void }>();
  readonly #balloon: Balloon;
  readonly #meter: QemuMeter;
  readonly #monitor: ExpertMonitor;
  readonly #guest: GuestChannel;
  readonly #captures = new CommandQueue();
  readonly #snapshots: LiveSnapshots;
  readonly #screen: ScreenOnDemand;
  #capture: ScreenCapture | undefined;
  #size = { width: 0, height: 0 };
  readonly #fault: HostFault;
  #ending: Promise<void> | undefined;

  constructor(private readonly parts: MachineParts) {
    const { client, pid, sockets, plan } = parts;
    const log = (line: string): void => parts.events.log(line);
    this.hotPlug = new HotPlug(client, plan, (id) => parts.events.deviceGone?.(id), log, parts.unplugMs);
    this.#snapshots = new LiveSnapshots(
      client,
      plan,
      sockets.migration,
      log,
      () => this.hotPlug.disks,
      (problem) => parts.events.pausedByProblem(problem),
    );
    this.#fault = new HostFault((problem) => parts.events.pausedByProblem(problem));
    this.#guest = new GuestChannel(client, sockets.agent);
    this.#balloon = new Balloon(client);
    const news = {
      size: (width: number, height: number) => this.#resized(width, height),
      pointer: (mode: 'absolute' | 'relative') => parts.events.pointer(mode),
      picture: new LivePicture(),
    };
    this.#screen = new ScreenOnDemand(parts.screen, news, log);
    this.#meter = new QemuMeter(client, pid, this.#balloon, () => this.#frames.count);
    this.#monitor = new ExpertMonitor(client, sockets.monitor, parts.events);
    client.on('VSERPORT_CHANGE', ({ id, open }) => {
      if (id === clipboardPort && open) parts.clipboard?.opened();
    });
    client.on('SHUTDOWN', ({ guest, reason }) => {
      if (guest) this.#guestPowersOff();
      else if (!this.#ending) parts.events.log(`QEMU ends: ${reason}`);
    });
    client.on('GUEST_PANICKED', () => parts.events.log('The guest’s kernel has panicked.'));
    client.on('BLOCK_IO_ERROR', (error) => {
      if (error.action === 'stop') {
        this.#monitor.expects(false);
        this.#fault.note(writeProblem(error, this.#snapshots.present()));
      } else parts.events.log(`A ${error.operation} on ${error.device} failed: ${error.reason}`);
    });
  }

  /** The guest runs: from now on an end of QEMU that nobody asked for is told as an event. */
  started(): void {
    void this.parts.process.ended.then((end) =>
      this.#qemuEnded(() => this.#monitor.reason(end.code) ?? explainEnd(end)),
    );
  }

  /** The screen has a new size, in pixels. */
  #resized(width: number, height: number): void {
    if (width === this.#size.width && height === this.#size.height) return;
    this.#size = { width, height };
    this.parts.events.screen({ width, height, text: false });
  }

  async pause(): Promise<void> {
    this.#monitor.expects(false);
    // QEMU drains and flushes every disk before it answers.
    await this.parts.client.execute('stop', {}, slowMs);
    this.#fault.check();
  }

  resume(): Promise<void> {
    this.#monitor.expects(true);
    return this.#fault.goOn(() => this.parts.client.execute('cont', {}, slowMs));
  }

  async reset(): Promise<void> {
    await this.parts.client.execute('system_reset', {});
  }

  async powerButton(): Promise<boolean> {
    if (await this.#listensToPowerButton()) {
      await this.parts.client.execute('system_powerdown', {});
      return true;
    }
    const asked = await this.#guest
      .use((agent) => agent.powerDown().then(() => true))
      .catch((error: unknown) => this.parts.events.log(`The guest agent: ${toErrorValue(error).message}`));
    return asked ?? false;
  }

  powerOff(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  saveObstacle(): Promise<Failure | undefined> {
    return saveObstacle(this.parts.client);
  }

  async saveState(sink: StateSink): Promise<void> {
    // It stands still already, unless somebody had it go on in the monitor: a guest must not outrun its saved state.
    await this.parts.client.execute('stop', {}, slowMs);
    return this.#snapshots.saveState(sink);
  }

  async takeSnapshot(overlays: ReadonlyMap<string, string>, sink: StateSink | null): Promise<TakenSnapshot> {
    this.#fault.check();
    return this.#snapshots.take(overlays, sink);
  }

  async mergeDisk(disk: string, below: string | null, options: PullOptions): Promise<void> {
    const found = this.hotPlug.disks.find(({ id }) => id === disk);
    if (!found) throw new Failure('input.invalid', phrase('merge.noDisk', { disk }));
    const { client } = this.parts;
    try {
      await mergeDisk(
        client,
        { disk, below, first: imageNode(disk), ...this.#snapshots.top(found) },
        options,
      );
    } catch (error) {
      if (!client.closed) throw error;
      throw new Failure('cancelled', phrase('merge.machineEnded'), { cause: error });
    } finally {
      await this.hotPlug.tidyDisk(disk);
    }
  }

  insertMedium(drive: string, path: string | null): Promise<void> {
    return this.parts.drives.change(drive, path);
  }

  connectGraphics(stream: ByteStream): void {
    const viewer = joinViewer(stream, this.parts.screen, this.#frames);
    this.#viewers.add(viewer);
    const attended = this.#screen.attend();
    stream.onClose(() => {
      this.#viewers.delete(viewer);
      attended();
    });
  }

  connectSerial(port: number, stream: ByteStream): void {
    const line = this.parts.serial[port];
    if (line) line.hub.connect(stream);
    else stream.close();
  }

  connectMonitor(stream: ByteStream): void {
    this.#monitor.connect(stream);
  }

  connectClipboard(stream: ByteStream): void {
    const { clipboard } = this.parts;
    if (clipboard) clipboard.connect(stream);
    else stream.close();
  }

  sendScancodes(bytes: readonly number[]): void {
    const moves = this.#keys.read(bytes);
    if (moves.length === 0) return;
    const events = moves.map(({ number, down }) => ({
      type: 'key' as const,
      data: { down, key: { type: 'number' as const, data: number } },
    }));
    this.parts.client
      .execute('input-send-event', { events })
      .catch((error: unknown) => this.parts.events.log(`A key was lost: ${toErrorValue(error).message}`));
  }

  capture(): Promise<ScreenCapture> {
    return this.#captures.run(async () => {
      const file = join(this.parts.sockets.folder, 'screen.ppm');
      await this.parts.client.execute('screendump', { filename: file });
      const picture = readPixmap(
        await readFile(file).catch((error: unknown) => {
          throw hostFailure(error, 'read', file);
        }),
      );
      this.#resized(picture.width, picture.height);
      const before = this.#capture;
      const same =
        before?.width === picture.width &&
        before.height === picture.height &&
        Buffer.from(before.rgba.buffer).equals(picture.rgba);
      const version = (before?.version ?? 0) + (same ? 0 : 1);
      this.#capture = { ...picture, version };
      return this.#capture;
    });
  }

  async preview(): Promise<ScreenCapture> {
    return (await this.#screen.glance()) ?? this.capture();
  }

  /** QEMU shows text modes as pictures. */
  screenText(): null {
    return null;
  }

  async setLink(nic: string, connected: boolean): Promise<void> {
    if (!this.hotPlug.hasNic(nic)) {
      throw new Failure('input.invalid', phrase('device.noCard', { card: nic }));
    }
    await this.parts.client.execute('set_link', { name: nic, up: connected });
  }

  async freezeDisks(): Promise<boolean> {
    return ((await this.#guest.use((agent) => agent.freeze())) ?? 0) > 0;
  }

  setClock(): Promise<boolean> {
    return this.#guest.setClock();
  }

  async thawDisks(): Promise<void> {
    await this.#guest.use((agent) => agent.thaw());
  }

  exec(request: ExecRequest): Promise<ExecResult> {
    return this.#guest.exec(request);
  }

  tellTraffic(nics: readonly NicRates[]): void {
    this.#meter.tellTraffic(nics);
  }

  setMemoryTarget(memoryMiB: number): Promise<void> {
    return this.#balloon.setTarget(memoryMiB);
  }

  async statistics(watched = false): Promise<MachineStatistics> {
    return { ...(await this.#meter.read(watched)), addresses: this.#guest.addresses() };
  }

  /**
   * Whether the guest has asked to be told of the power button: bit 8 of the PM1 enable register (ACPI section
   * 4.8.3.1), which lies where QEMU's PC firmware puts it. Other boards do not let us look.
   */
  async #listensToPowerButton(): Promise<boolean> {
    const { plan, client } = this.parts;
    if (!plan.acpi) return false;
    if (!isPc(plan.platform)) return true;
    const text = await client.execute('human-monitor-command', { 'command-line': 'i /h 0x602' });
    const value = /=\s*(0x[0-9a-f]+)/.exec(text)?.[1];
    return value === undefined || (Number(value) & 0x100) !== 0;
  }

  #guestPowersOff(): void {
    if (this.#ending) return;
    const { events } = this.parts;
    this.#ending = this.#end();
    this.#ending.then(
      () => events.stopped(),
      (error: unknown) => events.failed(toErrorValue(error)),
    );
  }

  async #end(): Promise<void> {
    const { client, process, events } = this.parts;
    await this.#snapshots.settle(memoryMs);
    // Refused by a QEMU that is gone already, or does not listen: both are dealt with below.
    void client.execute('quit', {}, quitMs).catch(() => undefined);
    if (!(await process.endsWithin(quitMs))) {
      events.log(
        `QEMU did not end within ${quitMs / 1000} seconds after it was asked to; it is ended by force.`,
      );
      await process.end();
    }
    await this.#tidy();
  }

  #qemuEnded(why: () => Failure): void {
    if (this.#ending) return;
    const { events } = this.parts;
    this.#ending = this.#tidy();
    this.#ending.then(
      () => events.failed(why().toValue()),
      (error: unknown) => events.failed(toErrorValue(error)),
    );
  }

  async #tidy(): Promise<void> {
    const { client, serial, clipboard, record, sockets, tpm } = this.parts;
    client.close();
    this.#monitor.close();
    clipboard?.close();
    this.#screen.close();
    for (const viewer of this.#viewers) viewer.close();
    for (const line of serial) line.close();
    // It ends with QEMU; its state lies in the machine's folder, which is ours until then.
    if (tpm && !(await tpm.endsWithin(tpmMs))) await tpm.end();
    await record.remove();
    await rm(sockets.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
