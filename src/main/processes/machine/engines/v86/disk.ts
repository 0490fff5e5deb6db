import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { DiskRates } from '@shared/machine/statistics';
import type { BlockDevice, PullOptions } from '../../../../disks/block-device';
import type { V86Buffer } from './emulator-types';
import { Abandoned, type Problems } from '../../problems';
import { pullInto } from '../../pull-into';
import { ReadAhead } from './read-ahead';

/** The guest never says when data has to be safe (v86 ignores its FLUSH), so it is made safe by the clock. */
const flushDelayMs = 2000;
/** Above this much that waits to be written, in bytes, the guest has to wait; below the other it goes on. */
const highWater = 32 * 1024 * 1024;
const lowWater = 8 * 1024 * 1024;
const sectorSize = 512;

/** What a disk needs of the machine that it is in. */
export interface DiskHost {
  problems: Problems;
  /** The disk of the host cannot keep up with the guest, or can again. */
  slow(disk: GuestDisk, isSlow: boolean): void;
  /** A fault of the emulator, while it took data that had been read. */
  trap(error: unknown): void;
}

/** Since the disk was opened. */
export type DiskCounters = Omit<DiskRates, 'id'>;

/** A request under way. */
interface Pending {
  offset: number;
  end: number;
  done: Promise<void>;
}

/**
 * A block device as v86 wants it. Writes are carried out one after the other; reads and writes of the same place
 * keep their order, and all else passes each other. A fault of the host never reaches the guest: the request waits, see `Problems`.
 */
export class GuestDisk implements V86Buffer {
  readonly byteLength: number;
  onload?: (event: object) => void;
  readonly counters: DiskCounters = { readBytes: 0, writeBytes: 0, reads: 0, writes: 0 };
  /** The saved state that was restored had nothing in this drive. */
  restoredEmpty = false;
  /** Its device could not be opened again. */
  lost = false;

  #firstSector: Uint8Array | undefined;
  readonly #cache: ReadAhead | undefined;
  #writes: Pending[] = [];
  #waitingBytes = 0;
  #isSlow = false;
  #lastWrite: Promise<void> = Promise.resolve();
  readonly #reads = new Set<Pending>();
  #flushTimer: NodeJS.Timeout | undefined;
  #dirty = false;
  #closed = false;

  /**
   * @param device belongs to this disk from now on
   * @param byteLength what the guest sees; beyond the device's size it reads zeros
   */
  constructor(
    readonly id: string,
    private device: BlockDevice,
    private readonly host: DiskHost,
    byteLength: number = device.size,
  ) {
    this.byteLength = byteLength;
    if (device.readOnly) this.#cache = new ReadAhead(device);
  }

  load(): void {
    this.onload?.({});
  }

  get(offset: number, length: number, done: (data: Uint8Array) => void): void {
    this.counters.readBytes += length;
    this.counters.reads++;
    const inside = this.#inside(offset, length);
    const ready = inside > 0 ? this.#cache?.peek(offset, inside) : undefined;
    if (ready) {
      done(padded(ready, length));
      return;
    }
    const before = overlapping(this.#writes, offset, length);
    const reading: Pending = {
      offset,
      end: offset + length,
      done: this.#read(offset, length, inside, before).then(
        (data) => this.#finishRead(reading, () => done(data)),
        (error: unknown) => this.#finishRead(reading, () => this.#ended(error)),
      ),
    };
    this.#reads.add(reading);
  }

  set(offset: number, data: Uint8Array, done: () => void): void {
    this.counters.writeBytes += data.length;
    this.counters.writes++;
    const copy = data.slice(); // v86 uses its buffer again
    const before = Promise.all([this.#lastWrite, ...overlapping(this.#reads, offset, copy.length)]);
    const written = before
      .then(() => this.host.problems.persist(() => this.device.write(offset, copy)))
      .then(
        () => {
          this.#finishWrite(pending, copy.length);
          this.#dirty = true;
          this.#flushSoon();
          this.#hand(done);
        },
        (error: unknown) => {
          this.#finishWrite(pending, copy.length);
          this.#ended(error);
        },
      );
    const pending: Pending = { offset, end: offset + copy.length, done: written };
    this.#writes.push(pending);
    this.#lastWrite = written;
    this.#waitingBytes += copy.length;
    if (!this.#isSlow && this.#waitingBytes > highWater) this.#setSlow(true);
  }

  /** v86 asks for the first sector before it starts, to look for a partition table. */
  get_and_cache(offset: number, length: number, done: (data: Uint8Array) => void): void {
    this.get(offset, length, (data) => {
      if (offset === 0) this.#firstSector = data;
      done(data);
    });
  }

  get_from_cache(offset: number, length: number): Uint8Array | undefined {
    if (offset !== 0 || !this.#firstSector || length > this.#firstSector.length) return undefined;
    return this.#firstSector.subarray(0, length);
  }

  get_buffer(done: (buffer?: ArrayBuffer) => void): void {
    done(undefined);
  }

  /** The contents stay where they are; the saved state only remembers the size. */
  get_state(): unknown[] {
    return [this.byteLength];
  }

  set_state(state: readonly unknown[] | null): void {
    if (state === null) {
      this.restoredEmpty = true;
      return;
    }
    if (state[0] === this.byteLength) return;
    throw new Failure(
      'saved-state.mismatch',
      phrase('memory.otherDisk', { device: this.id, size: String(state[0]), found: this.byteLength }),
      { hint: phrase('memory.otherDiskHint') },
    );
  }

  /** Resolves when no request is under way; never while a fault of the host lasts. */
  async idle(): Promise<void> {
    for (;;) {
      const last = this.#lastWrite;
      await Promise.all([last, ...[...this.#reads].map(({ done }) => done)]);
      if (last === this.#lastWrite && this.#reads.size === 0) return;
    }
  }

  /**
   * Resolves when all that has been written is safe. Precondition: `idle`.
   * @throws Failure
   */
  async flush(): Promise<void> {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    if (!this.#dirty || this.#closed) return;
    this.#dirty = false;
    try {
      await this.device.flush();
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }

  /**
   * Puts a device with the same contents in the place of this one, which is closed first.
   * Precondition: `idle` and `flush`, and the guest stands still.
   *
   * @throws Failure; `reopen` has given the old one back then
   */
  async replace(open: () => Promise<BlockDevice>, reopen: () => Promise<BlockDevice>): Promise<void> {
    try {
      await this.device.close();
      this.device = await open();
    } catch (error) {
      this.lost = true;
      this.device = await reopen();
      this.lost = false;
      throw error;
    }
  }

  /** As `RunningMachine.mergeDisk`. */
  async merge(below: string | null, options: PullOptions): Promise<void> {
    await pullInto(this.device, this.id, below, options, () => this.#closed);
  }

  /** @throws Failure when what was written last cannot be made safe; the files are closed all the same */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#flushTimer);
    await this.device.close();
  }

  #inside(offset: number, length: number): number {
    return Math.max(0, Math.min(length, this.device.size - offset));
  }

  async #read(offset: number, length: number, inside: number, before: Promise<void>[]): Promise<Uint8Array> {
    await Promise.all(before);
    if (inside === 0) return new Uint8Array(length);
    const source = this.#cache ?? this.device;
    const data = await this.host.problems.persist(() => source.read(offset, inside));
    return padded(data, length);
  }

  #finishRead(read: Pending, tell: () => void): void {
    this.#reads.delete(read);
    this.#hand(tell);
  }

  #finishWrite(write: Pending, length: number): void {
    this.#writes = this.#writes.filter((other) => other !== write);
    this.#waitingBytes -= length;
    if (this.#isSlow && this.#waitingBytes < lowWater) this.#setSlow(false);
  }

  #setSlow(isSlow: boolean): void {
    this.#isSlow = isSlow;
    this.host.slow(this, isSlow);
  }

  #flushSoon(): void {
    if (this.#flushTimer || this.#closed) return;
    this.#flushTimer = setTimeout(() => {
      this.#flushTimer = undefined;
      // In line with the writes, so that whoever waits for them waits for this too.
      this.#lastWrite = this.#lastWrite
        .then(() => this.host.problems.persist(() => this.flush()))
        .catch((error: unknown) => this.#ended(error));
    }, flushDelayMs);
  }

  #hand(done: () => void): void {
    try {
      done();
    } catch (error) {
      this.host.trap(error);
    }
  }

  #ended(error: unknown): void {
    if (!(error instanceof Abandoned)) this.host.trap(error);
  }
}

function overlapping(requests: Iterable<Pending>, offset: number, length: number): Promise<void>[] {
  const found: Promise<void>[] = [];
  for (const request of requests) {
    if (request.offset < offset + length && offset < request.end) found.push(request.done);
  }
  return found;
}

function padded(data: Uint8Array, length: number): Uint8Array {
  if (data.length === length) return data;
  const whole = new Uint8Array(length);
  whole.set(data);
  return whole;
}

/** Sizes of floppies that v86 knows the geometry of, in sectors. */
const floppySectors = [
  320, 360, 400, 640, 720, 800, 820, 840, 1280, 1440, 1600, 1640, 1660, 1760, 2080, 2240, 2400, 2880, 2952,
  2988, 3200, 3360, 3444, 3486, 3520, 3680, 3840, 5760, 6240, 6400, 7040, 7680,
];

/**
 * The size, in bytes, of the floppy that an image of `size` bytes is put on: the smallest that holds it.
 * @throws Failure `engine.unsupported` when it fits on none
 */
export function floppySize(size: number): number {
  const sectors = floppySectors.find((count) => count * sectorSize >= size);
  if (sectors !== undefined) return sectors * sectorSize;
  throw new Failure(
    'engine.unsupported',
    phrase('medium.floppyTooBig', { size, most: (floppySectors.at(-1) ?? 0) * sectorSize }),
  );
}
