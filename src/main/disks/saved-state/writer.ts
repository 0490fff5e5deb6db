import { createHash, randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { hostFailure } from '../host-file';
import { syncFolder } from '../../platform/sync-folder';
import { bestCodec, type Codec } from './codec';
import { formatVersion, magic, prefixLength, type SavedStateHeader } from './format';

const defaultChunkSize = 4 * 1024 * 1024;

/** What the caller says about the image; the rest of the header is the writer's. */
export interface SavedStateIdentity {
  engine: string;
  engineVersion: string;
  hardwareDigest: string;
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
export class SavedStateWriter {
  #position = 0;
  #chunks = 0;
  #total = 0;
  #filled = 0;
  readonly #buffer: Uint8Array;
  readonly #hash = createHash('sha256');

  private constructor(
    private readonly path: string,
    private readonly temporary: string,
    private readonly file: FileHandle,
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
    const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
    let file: FileHandle;
    try {
      file = await open(temporary, 'wx', 0o600);
    } catch (error) {
      throw hostFailure(error, 'create', temporary);
    }
    const writer = new SavedStateWriter(path, temporary, file, codec, chunkSize);
    const { engine, engineVersion, hardwareDigest } = identity;
    const createdAt = new Date().toISOString();
    await writer.#begin({ engine, engineVersion, hardwareDigest, codec: codec.name, chunkSize, createdAt });
    return writer;
  }

  /** Bytes of the file so far. */
  get stored(): number {
    return this.#position;
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
    await this.#append(end);
    await this.#append(this.#hash.copy().digest());
    try {
      await this.file.sync();
      await this.file.close();
      await rename(this.temporary, this.path);
      await syncFolder(dirname(this.path));
    } catch (error) {
      throw hostFailure(error, 'write', this.path);
    }
  }

  /** Throws away what has been written, whether or not `finish` was reached. What had the name before, keeps it. */
  async abort(): Promise<void> {
    await this.file.close().catch(() => {}); // closed already: the file is removed all the same
    await rm(this.temporary, { force: true });
  }

  async #begin(header: SavedStateHeader): Promise<void> {
    const json = Buffer.from(JSON.stringify(header));
    const prefix = Buffer.alloc(prefixLength);
    magic.copy(prefix);
    prefix.writeUInt32LE(formatVersion, 8);
    prefix.writeUInt32LE(json.length, 12);
    try {
      await this.#append(Buffer.concat([prefix, json]));
      await this.#append(this.#hash.copy().digest());
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async #writeChunk(): Promise<void> {
    const data = this.#buffer.subarray(0, this.#filled);
    const stored = await this.codec.compress(data);
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(data.length, 0);
    lengths.writeUInt32LE(stored.length, 4);
    await this.#append(Buffer.concat([lengths, createHash('sha256').update(data).digest()]));
    await this.#append(stored);
    this.#chunks++;
    this.#total += data.length;
    this.#filled = 0;
  }

  async #append(data: Uint8Array): Promise<void> {
    this.#hash.update(data);
    try {
      for (let at = 0; at < data.length;) {
        const { bytesWritten } = await this.file.write(data, at, data.length - at, this.#position);
        at += bytesWritten;
        this.#position += bytesWritten;
      }
    } catch (error) {
      throw hostFailure(error, 'write', this.temporary);
    }
  }
}
