import type { BlockDevice } from '../../../../disks/block-device';

/** Blocks are read and kept whole, in this size. */
export const blockSize = 256 * 1024;
/** 16 MiB a medium. */
const keptBlocks = 64;

/**
 * Keeps what was read last from a medium that cannot change, and reads ahead: firmware and boot loaders read
 * sector by sector, and each trip to the operating system would cost the guest a tenth of a millisecond.
 */
export class ReadAhead {
  /** In the order of last use, the oldest first. */
  readonly #blocks = new Map<number, Uint8Array>();
  readonly #underway = new Map<number, Promise<Uint8Array>>();

  constructor(private readonly device: BlockDevice) {}

  /** The bytes, if all of them are here; a new array. */
  peek(offset: number, length: number): Uint8Array | undefined {
    const first = Math.floor(offset / blockSize);
    const last = Math.floor((offset + length - 1) / blockSize);
    for (let index = first; index <= last; index++) if (!this.#blocks.has(index)) return undefined;
    const data = new Uint8Array(length);
    for (let index = first; index <= last; index++) {
      const block = this.#use(index);
      const start = index * blockSize;
      const from = Math.max(0, offset - start);
      data.set(block.subarray(from, offset + length - start), start + from - offset);
    }
    this.#fetchAhead(last + 1);
    return data;
  }

  /** @throws Failure of the device */
  async read(offset: number, length: number): Promise<Uint8Array> {
    // Long reads of many blocks would only push out what is of use.
    if (length > blockSize * 4) return this.device.read(offset, length);
    const first = Math.floor(offset / blockSize);
    const last = Math.floor((offset + length - 1) / blockSize);
    const wanted: Promise<Uint8Array>[] = [];
    for (let index = first; index <= last; index++) {
      if (!this.#blocks.has(index)) wanted.push(this.#fetch(index));
    }
    await Promise.all(wanted);
    return this.peek(offset, length) ?? this.device.read(offset, length);
  }

  #use(index: number): Uint8Array {
    const block = this.#blocks.get(index) ?? new Uint8Array(0);
    this.#blocks.delete(index);
    this.#blocks.set(index, block);
    return block;
  }

  #fetchAhead(index: number): void {
    if (index * blockSize >= this.device.size || this.#blocks.has(index)) return;
    // If it fails, so will the read that really wants it, and that one tells.
    this.#fetch(index).catch(() => {});
  }

  #fetch(index: number): Promise<Uint8Array> {
    const same = this.#underway.get(index);
    if (same) return same;
    const start = index * blockSize;
    const fetched = this.device
      .read(start, Math.min(blockSize, this.device.size - start))
      .then((block) => {
        this.#blocks.set(index, block);
        const oldest = this.#blocks.keys().next();
        if (this.#blocks.size > keptBlocks && !oldest.done) this.#blocks.delete(oldest.value);
        return block;
      })
      .finally(() => this.#underway.delete(index));
    this.#underway.set(index, fetched);
    return fetched;
  }
}
