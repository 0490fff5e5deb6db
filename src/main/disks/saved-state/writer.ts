import { hash } from 'node:crypto';
import { createWholeFile, type NewFile } from '../whole-file';
import { bestCodec, type Codec } from './codec';
import { encodeBeginning, formatVersions, magic, type SavedStateHeader } from './format';

const defaultChunkSize = 4 * 1024 * 1024;

/** What the caller says about the image; the rest of the header is the writer's. */
export interface SavedStateIdentity {
  engine: string;
  engineVersion: string;
  hardwareDigest: string;
}

/** What a memory image is written with: piece by piece, and then completed or thrown away. */
export interface ImageWriter {
  write(data: Uint8Array): Promise<void>;
  finish(): Promise<void>;
  abort(): Promise<void>;
}

export interface WriterOptions {
  codec?: Codec;
  /** In bytes. */
  chunkSize?: number;
}

/**
 * Writes a memory image piece by piece, into a temporary file that gets its name when it is complete and on the
 * disk. Keeps one chunk in memory. Every method rejects with a `Failure` (`file.*`).
 */
export class SavedStateWriter implements ImageWriter {
  #chunks = 0;
  #total = 0;
  #filled = 0;
  readonly #buffer: Uint8Array;

  private constructor(
    private readonly file: NewFile,
    private readonly codec: Codec,
    chunkSize: number,
  ) {
    this.#buffer = new Uint8Array(chunkSize);
  }

  /** @throws Failure */
  static async create(
    path: string,
    identity: SavedStateIdentity,
    options: WriterOptions = {},
  ): Promise<SavedStateWriter> {
    const { chunkSize = defaultChunkSize } = options;
    const codec = options.codec ?? (await bestCodec());
    const file = await createWholeFile(path);
    try {
      await beginImage(file, formatVersions.whole, { ...identity, codec: codec.name, chunkSize });
    } catch (error) {
      await file.abort();
      throw error;
    }
    return new SavedStateWriter(file, codec, chunkSize);
  }

  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) {
      const piece = data.subarray(at, at + this.#buffer.length - this.#filled);
      this.#buffer.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === this.#buffer.length) await this.#writeChunk();
    }
  }

  /** Completes the file and gives it its name. */
  async finish(): Promise<void> {
    if (this.#filled > 0) await this.#writeChunk();
    const end = Buffer.alloc(16);
    end.writeUInt32LE(this.#chunks, 4);
    end.writeBigUInt64LE(BigInt(this.#total), 8);
    await this.file.append(end);
    await this.file.append(this.file.digest());
    await this.file.finish();
  }

  /** Throws away what has been written, whether or not `finish` was reached. What had the name before, keeps it. */
  abort(): Promise<void> {
    return this.file.abort();
  }

  async #writeChunk(): Promise<void> {
    const data = this.#buffer.subarray(0, this.#filled);
    const stored = await this.codec.compress(data);
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(data.length, 0);
    lengths.writeUInt32LE(stored.length, 4);
    await this.file.append(Buffer.concat([lengths, hash('sha256', data, 'buffer')]));
    await this.file.append(stored);
    this.#chunks++;
    this.#total += data.length;
    this.#filled = 0;
  }
}

/** Writes what stands before the data of a memory image. */
export async function beginImage(
  file: NewFile,
  version: number,
  { engine, engineVersion, hardwareDigest, codec, chunkSize }: Omit<SavedStateHeader, 'createdAt'>,
): Promise<void> {
  const createdAt = new Date().toISOString();
  const header = { engine, engineVersion, hardwareDigest, codec, chunkSize, createdAt };
  await file.append(encodeBeginning(magic, version, header));
  await file.append(file.digest());
}
