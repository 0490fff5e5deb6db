import { hash } from 'node:crypto';
import type { CreateFile, NewFile } from '../whole-file';
import type { Codec } from '../saved-state/codec';
import { encodeBeginning } from '../saved-state/format';
import { type ChunkKey, encodeIndex, type Frame, frameLength, packMagic, packVersion } from './pack-format';

/**
 * Writes a pack. One frame is filled while the one before it is compressed and written: these two are all of the data
 * that is in memory. Every method rejects with a `Failure` (`file.*`).
 */
export class PackWriter {
  readonly #frames: Frame[] = [];
  #buffer = new Uint8Array(frameLength);
  #spare = new Uint8Array(frameLength);
  #filled = 0;
  #chunks: Frame['chunks'] = [];
  #storing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly file: NewFile,
    private readonly codec: Codec,
  ) {}

  /** @throws Failure */
  static async create(path: string, codec: Codec, create: CreateFile): Promise<PackWriter> {
    const file = await create(path);
    try {
      await file.append(encodeBeginning(packMagic, packVersion, { codec: codec.name }));
      await file.append(file.digest());
    } catch (error) {
      await file.abort();
      throw error;
    }
    return new PackWriter(file, codec);
  }

  /** Adds a chunk that it does not have yet; `data` can be used again when this resolves. */
  async add(key: ChunkKey, data: Uint8Array): Promise<void> {
    if (data.length > frameLength) throw new RangeError(`A chunk of ${data.length} bytes`);
    if (this.#filled + data.length > frameLength) await this.#storeFrame();
    this.#buffer.set(data, this.#filled);
    this.#chunks.push({ key, offset: this.#filled, length: data.length });
    this.#filled += data.length;
  }

  /** Completes the file and gives it its name. @param refuse as `NewFile.finish` */
  async finish(refuse?: () => void): Promise<void> {
    if (this.#filled > 0) await this.#storeFrame();
    await this.#storing;
    const index = encodeIndex(this.#frames);
    const numbers = Buffer.alloc(8);
    numbers.writeUInt32LE(index.length, 0);
    numbers.writeUInt32LE(this.#frames.length, 4);
    await this.file.append(index);
    await this.file.append(numbers);
    await this.file.append(hash('sha256', Buffer.concat([index, numbers]), 'buffer'));
    await this.file.finish(refuse);
  }

  /** Throws away what has been written, whether or not `finish` was reached. */
  async abort(): Promise<void> {
    await this.#storing.catch(() => undefined); // told already, or of no interest any more
    await this.file.abort();
  }

  async #storeFrame(): Promise<void> {
    await this.#storing;
    const data = this.#buffer.subarray(0, this.#filled);
    const chunks = this.#chunks;
    this.#storing = this.#store(data, chunks);
    this.#storing.catch(() => undefined); // told by whoever waits for it next
    [this.#buffer, this.#spare] = [this.#spare, this.#buffer];
    this.#chunks = [];
    this.#filled = 0;
  }

  async #store(data: Uint8Array, chunks: Frame['chunks']): Promise<void> {
    const stored = await this.codec.compress(data);
    const offset = this.file.position;
    await this.file.append(stored);
    const digest = hash('sha256', stored, 'buffer');
    this.#frames.push({ offset, storedLength: stored.length, length: data.length, digest, chunks });
  }
}
