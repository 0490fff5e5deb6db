import { Failure, toErrorValue } from '@shared/errors';
import type { ByteStream } from '@shared/ipc/byte-stream';
import type { MachineConfig } from '@shared/machine/config';
import type { MachineStatistics } from '@shared/machine/statistics';
import type { BlockDevice, PullOptions } from '../../../../disks/block-device';
import type { EngineEvents, RunningMachine, ScreenCapture, StateSink, TakenSnapshot } from '../../engine';
import type { ImageOpener } from '../../images';
import { Problems } from '../../problems';
import { pullInto } from '../../pull-into';
import { replaceImages } from '../../replace-images';
import { RfbServer } from '../../rfb/rfb-server';
import { SerialHub } from '../../serial/serial-hub';
import { OwnProcessMeter } from '../../statistics';
import { FakeAgent, type FakeAgentKind } from './fake-agent';
import { FakeScreen } from './fake-screen';
import { FakeShell, type FakeShellHost } from './fake-shell';

const tickMs = 20;
const powerButtonMs = 200;
/** What is written or merged slowly: in so many pieces, with so many milliseconds between them. */
const slowPieces = 100;
const slowPieceMs = 20;
/** Where the shell's text lies on the disk, and how long it is, in bytes. */
const textOffset = 4096;
const textLength = 512;

/** US letters and digits by their scan codes, for typing into the console; others are not understood. */
const typed = new Map<number, string>([
  ...letters(0x02, '1234567890-='),
  ...letters(0x10, 'qwertyuiop[]\n'),
  ...letters(0x1e, "asdfghjkl;'"),
  ...letters(0x2c, 'zxcvbnm,./'),
  [0x39, ' '],
  [0x0e, '\b'],
]);

function letters(first: number, keys: string): [number, string][] {
  return [...keys].map((key, index) => [first + index, key]);
}

export interface FakeImages {
  disk: BlockDevice | undefined;
  /** Where it lies; empty without a disk. */
  diskPath: string;
  /** By the ids of drives; null in an empty one. */
  media: Map<string, BlockDevice | null>;
  opener: ImageOpener;
}

/** See `fake-engine.ts`. Its state is a counter that runs while the machine does. */
export class FakeMachine implements RunningMachine, FakeShellHost {
  #counter = 0;
  #paused = false;
  readonly #problems: Problems;
  #listening = false;
  #ended = false;
  #pictures = 0;
  readonly #diskTotals = { readBytes: 0, writeBytes: 0, reads: 0, writes: 0 };
  readonly #screen = new FakeScreen();
  readonly #agent = new FakeAgent();
  #slowMemory = false;
  #slowMerge = false;
  readonly #rfb: RfbServer;
  readonly #hubs: SerialHub[];
  readonly #shell: FakeShell;
  readonly #timer: NodeJS.Timeout;
  readonly #meter: OwnProcessMeter;
  #input: Promise<void> = Promise.resolve();

  constructor(
    name: string,
    private readonly config: MachineConfig,
    private readonly images: FakeImages,
    private readonly events: EngineEvents,
    state: ArrayBuffer | undefined,
  ) {
    this.#problems = new Problems((problem) => {
      this.#paused = true;
      events.pausedByProblem(problem);
    });
    if (state) this.#counter = Number(new TextDecoder().decode(state));
    this.#shell = new FakeShell(this, (text) => this.#print(text));
    this.#hubs = Array.from({ length: config.serialPorts }, (_, port) => {
      const hub: SerialHub = new SerialHub(() => this.#read(hub, port));
      return hub;
    });
    this.#rfb = new RfbServer(
      this.#screen.frame,
      {
        key: (bytes) => this.sendScancodes(bytes),
        pointerAbsolute: () => {},
        pointerRelative: () => {},
        buttons: () => {},
        wheel: () => {},
        cutText: () => {},
      },
      { name },
    );
    this.#meter = new OwnProcessMeter(() => ({
      pictures: this.#pictures,
      disks: images.disk ? [{ id: 'disk0', ...this.#diskTotals }] : [],
      nics: [],
    }));
    this.#screen.draw(this.#counter);
    this.#timer = setInterval(() => this.#tick(), tickMs);
    events.pointer('absolute');
    this.#tellScreen();
    if (!state) this.#shell.greet();
  }

  get counter(): number {
    return this.#counter;
  }

  async pause(): Promise<void> {
    this.#paused = true;
    await this.#problems.guard(this.#input);
    await this.images.disk?.flush();
  }

  async resume(): Promise<void> {
    if (this.#problems.current) {
      this.#problems.retry();
      await this.#problems.guard(this.#input);
    }
    this.#paused = false;
    this.#readAll();
  }

  async reset(): Promise<void> {
    this.#counter = 0;
    this.#listening = false;
    this.setGraphics(true);
    this.#shell.greet();
  }

  async powerButton(): Promise<boolean> {
    if (!this.#listening) return false;
    setTimeout(() => this.powerOffByGuest(), powerButtonMs);
    return true;
  }

  async powerOff(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#problems.abandon();
    clearInterval(this.#timer);
    this.#rfb.close();
    for (const hub of this.#hubs) hub.close();
    const devices = [this.images.disk, ...this.images.media.values()];
    for (const device of devices) await device?.close();
  }

  async saveState(sink: StateSink): Promise<void> {
    await this.images.disk?.flush();
    await sink.write(new TextEncoder().encode(String(this.#counter)));
  }

  async takeSnapshot(overlays: ReadonlyMap<string, string>, sink: StateSink | null): Promise<TakenSnapshot> {
    const { images } = this;
    const began = performance.now();
    const [disk] = this.config.disks;
    const wasPaused = this.#paused;
    this.#paused = true;
    try {
      await this.#problems.guard(this.#input);
      const state = new TextEncoder().encode(String(this.#counter));
      if (disk && images.disk) {
        const replaceable = { id: disk.id, replace: this.#replaceDisk.bind(this) };
        const present = new Map([[disk.id, images.diskPath]]);
        const after = await replaceImages([replaceable], present, overlays, images.opener);
        images.diskPath = after.get(disk.id) ?? images.diskPath;
      }
      const memory = sink ? this.#writeState(state, sink) : Promise.resolve();
      return { memory, pausedMs: performance.now() - began };
    } finally {
      this.#paused = wasPaused;
      this.#readAll();
    }
  }

  async mergeDisk(disk: string, below: string | null, options: PullOptions): Promise<void> {
    const device = this.config.disks[0]?.id === disk ? this.images.disk : undefined;
    if (!device) throw new Failure('input.invalid', `This machine has no disk “${disk}”.`);
    for (let piece = 0; this.#slowMerge && piece < slowPieces && !options.signal?.aborted; piece++) {
      options.onProgress?.(piece, slowPieces);
      await new Promise((resolve) => setTimeout(resolve, slowPieceMs));
    }
    await pullInto(device, disk, below, options, () => this.#ended);
  }

  freezeDisks(): Promise<boolean> {
    return this.#agent.freeze();
  }

  setClock(): Promise<boolean> {
    return this.#agent.setClock();
  }

  thawDisks(): Promise<void> {
    return this.#agent.thaw();
  }

  setAgent(kind: FakeAgentKind): void {
    this.#agent.kind = kind;
  }

  describeAgent(): string {
    return this.#agent.history.join(' ');
  }

  mergeSlowly(): void {
    this.#slowMerge = true;
  }

  writeMemorySlowly(): void {
    this.#slowMemory = true;
  }

  async insertMedium(drive: string, path: string | null): Promise<void> {
    if (!this.images.media.has(drive))
      throw new Failure('input.invalid', `This machine has no drive “${drive}”.`);
    const next = path === null ? null : await this.images.opener.medium(path);
    await this.images.media.get(drive)?.close();
    this.images.media.set(drive, next);
  }

  connectGraphics(stream: ByteStream): void {
    this.#rfb.attach(stream);
  }

  connectSerial(port: number, stream: ByteStream): void {
    const hub = this.#hubs[port];
    if (hub) hub.connect(stream);
    else stream.close();
  }

  sendScancodes(bytes: readonly number[]): void {
    for (const byte of bytes) {
      const char = typed.get(byte);
      if (char !== undefined) this.#enqueue(char.charCodeAt(0));
    }
  }

  capture(): ScreenCapture {
    const { frame } = this.#screen;
    return { width: frame.width, height: frame.height, rgba: frame.bytes, version: frame.generation };
  }

  screenText(): string[] | null {
    return this.#screen.graphical ? null : this.#screen.text();
  }

  async setLink(nic: string): Promise<void> {
    if (this.config.nics.some(({ id }) => id === nic)) return;
    throw new Failure('input.invalid', `This machine has no network card “${nic}”.`);
  }

  statistics(): MachineStatistics {
    return this.#meter.read();
  }

  async writeDisk(text: string): Promise<void> {
    const data = new Uint8Array(textLength);
    new TextEncoder().encodeInto(text, data);
    this.#diskTotals.writeBytes += data.length;
    this.#diskTotals.writes++;
    await this.#problems.persist(async () => this.images.disk?.write(textOffset, data));
  }

  async readDisk(): Promise<string> {
    const data = await this.#problems.persist(async () => this.images.disk?.read(textOffset, textLength));
    this.#diskTotals.readBytes += data?.length ?? 0;
    this.#diskTotals.reads++;
    return data ? new TextDecoder().decode(data.subarray(0, data.indexOf(0))) : '';
  }

  async readMedium(drive: string): Promise<string | null> {
    const device = this.images.media.get(drive);
    if (!device) return null;
    return new TextDecoder('latin1').decode(await device.read(0, Math.min(8, device.size)));
  }

  setGraphics(on: boolean): void {
    this.#screen.setGraphics(on);
    this.#screen.draw(this.#counter);
    this.#tellScreen();
  }

  listenToPowerButton(): void {
    this.#listening = true;
  }

  /** The shell's way to switch the machine off. */
  powerOffByGuest(): void {
    if (this.#ended) return;
    this.powerOff().then(
      () => this.events.stopped(),
      (error: unknown) => this.events.failed(toErrorValue(error)),
    );
  }

  crash(): void {
    void this.powerOff().finally(() =>
      this.events.failed({ code: 'engine.failed', message: 'The fake guest was told to crash.' }),
    );
  }

  async diskError(): Promise<void> {
    let failed = false;
    await this.#problems.persist(async () => {
      if (failed) return;
      failed = true;
      throw new Failure('file.io', 'The fake disk was told to fail.');
    });
  }

  hang(): void {
    for (;;) this.#counter++;
  }

  /** Spaces after a number change nothing. */
  async #writeState(state: Uint8Array, sink: StateSink): Promise<void> {
    const padding = this.#slowMemory ? slowPieces : 0;
    sink.expect?.(state.length + padding);
    await sink.write(state);
    for (let piece = 0; piece < padding; piece++) {
      await new Promise((resolve) => setTimeout(resolve, slowPieceMs));
      await sink.write(Uint8Array.of(0x20));
    }
  }

  async #replaceDisk(open: () => Promise<BlockDevice>, reopen: () => Promise<BlockDevice>): Promise<void> {
    try {
      await this.images.disk?.close();
      this.images.disk = await open();
    } catch (error) {
      this.images.disk = await reopen();
      throw error;
    }
  }

  #tellScreen(): void {
    const { width, height } = this.#screen.frame;
    this.events.screen({ width, height, text: !this.#screen.graphical });
  }

  #tick(): void {
    if (this.#paused) return;
    this.#counter++;
    this.#pictures++;
    this.#screen.draw(this.#counter);
  }

  #print(text: string): void {
    this.#screen.print(text);
    for (const byte of new TextEncoder().encode(text)) this.#hubs[0]?.output(byte);
  }

  #readAll(): void {
    this.#hubs.forEach((hub, port) => this.#read(hub, port));
  }

  /** The first port has the shell; the others give back what they get. */
  #read(hub: SerialHub, port: number): void {
    if (this.#paused || this.#ended) return;
    hub.take(Infinity, (byte) => {
      if (port === 0) this.#enqueue(byte);
      else hub.output(byte);
    });
  }

  #enqueue(byte: number): void {
    this.#input = this.#input
      .then(() => (this.#ended ? undefined : this.#shell.input(byte)))
      .catch((error: unknown) => {
        this.#print(`${toErrorValue(error).message}\r\n`);
      });
  }
}
