import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { MachineConfig } from '@shared/machine/config';
import { SharedImageWriter } from '../../disks/memory-chunks/image-writer';
import { hardwareDigest } from '../../disks/saved-state/hardware-digest';
import { type ImageWriter, type SavedStateIdentity, SavedStateWriter } from '../../disks/saved-state/writer';
import { writeAtomic } from '../../platform/atomic-file';
import { screenPng } from './display/screen-png';
import type { StateSink, TakenSnapshot } from './engine';
import { engineOf } from './engines/engines';
import { withFrozenDisks } from './frozen-disks';
import type { Session } from './session';

/** Between two reports of how far writing is, in milliseconds. */
const progressMs = 100;

/** Where a snapshot goes. */
interface SnapshotPaths {
  /** Of new images, by the disks’ ids. */
  overlays: Record<string, string>;
  /** Null for a snapshot of the disks alone. */
  memoryPath: string | null;
  screenPath: string;
}

export interface ImageNews {
  /** In bytes. */
  progress(done: number, total: number | null): void;
  log(line: string): void;
}

type Running = Pick<Session, 'config' | 'machine'>;

/** Writes what is in a guest’s memory: its saved state, and what snapshots keep of it. */
export class MemoryImages {
  /** Settles when the memory of the last snapshot has been written. */
  #written: Promise<void> = Promise.resolve();
  /** Aborted when nobody wants that memory any more. */
  #wanted = new AbortController();

  constructor(private readonly news: ImageNews) {}

  /** Settles when the memory of the last snapshot has been written. @throws Failure why it could not be */
  get written(): Promise<void> {
    return this.#written;
  }

  /** Resolves when no memory is being written. */
  quiet(): Promise<void> {
    return this.#written.catch(() => undefined);
  }

  /** The memory that is being written is not wanted any more. */
  cancel(): void {
    this.#wanted.abort();
  }

  /** Saves the state of a machine that stands still. When it resolves the guest must not run again. @throws Failure */
  async save({ config, machine }: Running, path: string, screenPath: string): Promise<void> {
    const writer = await SavedStateWriter.create(path, identityOf(config));
    try {
      await machine.saveState(this.#sink(writer));
      await writeAtomic(screenPath, await screenPng(machine));
      // The last step: with the file’s name the machine is saved.
      await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** Resolves when the new images are in use. @param paused the guest stands still anyway @throws Failure */
  async snapshot(
    { config, machine }: Running,
    { overlays, memoryPath, screenPath }: SnapshotPaths,
    paused: boolean,
  ): Promise<{ pausedMs: number; frozen: boolean }> {
    // One at a time: the memory of the last one may still be on its way.
    await this.quiet();
    await writeAtomic(screenPath, await screenPng(machine));
    const writer =
      memoryPath === null ? null : await SharedImageWriter.create(memoryPath, identityOf(config));
    this.#wanted = new AbortController();
    const sink = writer && this.#sink(writer, this.#wanted.signal);
    const take = (): Promise<TakenSnapshot> => machine.takeSnapshot(new Map(Object.entries(overlays)), sink);
    try {
      // Frozen memory would have to be thawed after each restore; and a guest that stands still does not answer.
      const { result, frozen } =
        writer || paused
          ? { result: await take(), frozen: false }
          : await withFrozenDisks(machine, (line) => this.news.log(line), take);
      const { memory, pausedMs } = result;
      this.news.log(`Snapshot: the guest stood still for ${Math.round(pausedMs)} ms`);
      this.#written = completed(memory, writer);
      // Told to whoever asks; main may be gone.
      this.#written.catch(() => undefined);
      return { pausedMs, frozen };
    } catch (error) {
      await writer?.abort();
      throw error;
    }
  }

  /** A sink that tells how much it has taken, and takes no more when `wanted` is aborted. */
  #sink(writer: ImageWriter, wanted?: AbortSignal): StateSink {
    let told = 0;
    let done = 0;
    let total: number | null = null;
    return {
      expect: (bytes) => (total = bytes),
      write: async (data) => {
        if (wanted?.aborted) throw new Failure('cancelled', phrase('task.memoryUnwanted'));
        await writer.write(data);
        done += data.length;
        const now = performance.now();
        if (now - told < progressMs) return;
        told = now;
        this.news.progress(done, total);
      },
    };
  }
}

/** What a memory image of this machine is marked with. */
function identityOf(config: MachineConfig): SavedStateIdentity {
  const { engine, stateVersion } = engineOf(config.engine);
  return { engine: engine.id, engineVersion: stateVersion, hardwareDigest: hardwareDigest(config) };
}

/** Gives a memory image its name when it is whole, and leaves nothing of it when it is not. */
async function completed(memory: Promise<void>, writer: ImageWriter | null): Promise<void> {
  try {
    await memory;
    await writer?.finish();
  } catch (error) {
    await writer?.abort();
    throw error;
  }
}
