import { open } from 'node:fs/promises';
import { type ErrorValue, toErrorValue } from '@shared/errors';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';
import type { StateSink, TakenSnapshot } from '../../engine';
import { beginSaving, saveState } from './migration';
import { HeldSink } from './held-sink';
import { DiskOverlays } from './overlays';
import type { PlannedDisk, QemuPlan } from './plan';

const slowMs = 60_000;
/** How long QEMU may take to let the guest go on while its memory is written, in milliseconds. */
const resumeMs = 30_000;
/** What comes before the memory itself is far less, in bytes: from here on QEMU watches what the guest writes. */
const flowingBytes = 1024 * 1024;

/**
 * Snapshots of one running QEMU. Its disks get new images by a transaction while the guest stands still. The memory
 * follows while the guest runs on already: QEMU write-protects it and saves each page before the guest changes it
 * (capability `background-snapshot`, by Linux's userfaultfd). Where that is not possible the guest waits for it.
 */
export class LiveSnapshots {
  readonly #overlays = new DiskOverlays();
  /** Settles when the memory of the last snapshot has been written, or cannot be. */
  #memory: Promise<void> = Promise.resolve();
  #isWriting = false;
  /** The last answer to whether memory can be saved in the background, so that it is told once. */
  #toldWhyNot: string | undefined;
  #resumed: () => void = () => {};
  /** When the guest stood still, and went on for the first time since this was undefined: by QEMU's clock. */
  #stoppedAt: number | undefined;
  #resumedAt: number | undefined;

  constructor(
    private readonly client: QmpClient,
    private readonly plan: QemuPlan,
    /** Where to listen for QEMU's connection that hands out the memory. */
    private readonly socketPath: string | null,
    private readonly log: (line: string) => void,
    /** The disks that are attached now. */
    private readonly disks: () => readonly PlannedDisk[],
    /** Told when the guest does not go on afterwards. */
    private readonly stuck: (problem: ErrorValue) => void,
  ) {
    client.on('STOP', (_data, at = Date.now()) => {
      this.#stoppedAt ??= at;
    });
    client.on('RESUME', (_data, at = Date.now()) => {
      this.#resumedAt ??= at;
      this.#resumed();
    });
  }

  /** The disks that are attached, with the images that they write to now. */
  present(): PlannedDisk[] {
    return this.#overlays.present(this.disks());
  }

  /** The block node with the image that a disk writes to now, and where that lies. */
  top(disk: PlannedDisk): { node: string; path: string } {
    return this.#overlays.top(disk);
  }

  /** As `RunningMachine.takeSnapshot`. */
  async take(overlays: ReadonlyMap<string, string>, sink: StateSink | null): Promise<TakenSnapshot> {
    const { client } = this;
    await this.#memory.catch(() => undefined);
    const { running } = await client.execute('query-status', {});
    const background = running && sink !== null && (await this.#canRunOn());
    // What is on the host's disk already need not be written while the guest waits.
    if (running) await this.#writeBack();
    this.#stoppedAt = this.#resumedAt = undefined;
    try {
      // QEMU drains and flushes every disk before it answers.
      if (running) await client.execute('stop', {}, slowMs);
      await this.#overlays.put(client, this.disks(), overlays);
    } catch (error) {
      if (background) await this.#setBackground(false);
      if (running) await this.#goOn();
      throw error;
    }
    const switchedAt = Date.now();
    // From here on the guest's disks are the new images. Nobody may take them for unused: what still goes wrong is no
    // failure of the snapshot.
    let memory = Promise.resolve();
    let held: HeldSink | undefined;
    if (sink) ({ memory, held } = await (background ? this.#saveBehind(sink) : this.#saveNow(sink)));
    // Nothing comes of it where the guest runs again already.
    if (running) await this.#goOn().finally(() => held?.release());
    // Both events came before the answers to what caused them, but not where the guest does not go on.
    const [from = switchedAt, to = Date.now()] = [this.#stoppedAt, this.#resumedAt];
    const pausedMs = running ? to - from : 0;
    if (background) {
      const parts = [switchedAt - from, to - switchedAt].map((ms) => `${Math.round(ms)} ms`);
      this.log(`Of the pause the disks took ${parts[0]}, and protecting the memory ${parts[1]}`);
    }
    this.#keep(background ? memory.finally(() => this.#setBackground(false)) : memory);
    return { memory: this.#memory, pausedMs };
  }

  /** As `RunningMachine.saveState`. */
  async saveState(sink: StateSink): Promise<void> {
    await this.#memory.catch(() => undefined);
    await saveState(this.client, this.plan, this.socketPath, sink);
  }

  /** Before QEMU ends: waits for memory that is still being written, at most `limitMs`, with the guest standing still. */
  async settle(limitMs: number): Promise<void> {
    if (!this.#isWriting) return;
    await this.client.execute('stop', {}, limitMs).catch(() => undefined); // one that is gone has stopped
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
    await Promise.race([this.#memory.catch(() => undefined), late]);
    clearTimeout(timer);
  }

  async #goOn(): Promise<void> {
    try {
      await this.client.execute('cont', {}, slowMs);
    } catch (error) {
      const problem = toErrorValue(error);
      // A QEMU that is gone has ended the machine, which is told elsewhere; one that only does not answer may still.
      if (problem.code === 'ipc.closed') throw error;
      this.stuck(problem);
    }
  }

  #keep(memory: Promise<void>): void {
    this.#isWriting = true;
    this.#memory = memory.finally(() => (this.#isWriting = false));
    this.#memory.catch(() => undefined); // told to whoever waits for the memory
  }

  /** That it failed is for whoever waits for the memory; the disks are in order. */
  async #saveNow(sink: StateSink): Promise<{ memory: Promise<void>; held?: HeldSink }> {
    const memory = saveState(this.client, this.plan, this.socketPath, sink);
    await memory.catch(() => undefined);
    return { memory };
  }

  /**
   * Resolves when the guest may go on, or its memory cannot be had. Older QEMUs let it go on by themselves; newer ones
   * leave standing what stood still before (since version 9), and only what they send tells how far they are.
   */
  async #saveBehind(sink: StateSink): Promise<{ memory: Promise<void>; held: HeldSink }> {
    let timer: NodeJS.Timeout | undefined;
    let flows: () => void = () => {};
    const ready = new Promise<void>((resolve) => {
      this.#resumed = flows = resolve;
      timer = setTimeout(resolve, resumeMs);
    });
    const held = new HeldSink(sink, flowingBytes, flows);
    const begun = beginSaving(this.client, this.plan, this.socketPath, held, true);
    const memory = begun.then(({ done }) => done).then(() => held.drain());
    await Promise.race([ready, memory.catch(() => undefined)]);
    clearTimeout(timer);
    return { memory, held };
  }

  /** Asks QEMU, which tries it out: kernel, rights and the kind of memory all have a say. */
  async #canRunOn(): Promise<boolean> {
    try {
      await this.#setBackground(true);
      return true;
    } catch (error) {
      const { message } = toErrorValue(error);
      if (message !== this.#toldWhyNot) {
        this.log(`Snapshots with memory pause the guest until it is written. ${message}`);
      }
      this.#toldWhyNot = message;
      return false;
    }
  }

  async #setBackground(state: boolean): Promise<void> {
    const capabilities = [{ capability: 'background-snapshot', state }];
    const set = this.client.execute('migrate-set-capabilities', { capabilities });
    // A QEMU that is gone, or that is just ending, needs no setting.
    await (state ? set : set.catch(() => undefined));
  }

  async #writeBack(): Promise<void> {
    for (const { path } of this.present()) {
      try {
        const file = await open(path, 'r');
        await file.datasync().finally(() => file.close());
      } catch (error) {
        // QEMU flushes it all the same, and says what is wrong with it.
        this.log(`Not written back early: ${toErrorValue(error).message}`);
      }
    }
  }
}
