import { hash, webcrypto } from 'node:crypto';
import { basename } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { type Codec, codecOf } from '../saved-state/codec';
import { corrupt } from '../saved-state/format';
import { SpareMemory } from '../saved-state/spare-memory';
import { openSummedFile, type SummedFile } from '../saved-state/summed-file';
import { hostFailure } from '../host-file';
import { decodeIndex, type Frame, packEndLength, packHeader, packMagic, packVersion } from './pack-format';

/** An open pack, whose index has been checked. Close it. */
export class Pack {
  readonly #memory = new SpareMemory();

  private constructor(
    private readonly file: SummedFile,
    private readonly codec: Codec,
    readonly frames: readonly Frame[],
  ) {}

  /** @throws Failure `file.*`, `saved-state.corrupt`, `saved-state.mismatch` (a newer format), `host.unavailable` */
  static async open(path: string): Promise<Pack> {
    const file = await openSummedFile(path);
    try {
      const codec = await takeHeader(file);
      const end = file.size - packEndLength;
      const numbers = await file.readAt(end, packEndLength);
      const length = numbers.readUInt32LE(0);
      const index = await file.readAt(end - length, length);
      const digest = hash('sha256', Buffer.concat([index, numbers.subarray(0, 8)]), 'buffer');
      if (!digest.equals(numbers.subarray(8))) throw corrupt(path, 'its index fails its checksum');
      const frames = decodeIndex(path, index, numbers.readUInt32LE(4), file.position, end - length);
      return new Pack(file, codec, frames);
    } catch (error) {
      await file.close();
      throw hostFailure(error, 'read', path);
    }
  }

  get path(): string {
    return this.file.path;
  }

  get name(): string {
    return basename(this.path);
  }

  /** Of the file, in bytes. */
  get size(): number {
    return this.file.size;
  }

  /** Whether a frame is in the file as it was stored; other threads sum it up. @throws Failure `saved-state.corrupt` */
  check(frame: Frame): Promise<void> {
    return this.#withStored(frame, async (stored) => {
      const digest = await webcrypto.subtle.digest('SHA-256', stored);
      if (!frame.digest.equals(new Uint8Array(digest))) {
        throw corrupt(this.path, `the part at ${frame.offset} fails its checksum`);
      }
    });
  }

  /**
   * The data of a frame. Nothing of it is known to be right before its chunks have been compared with their checksums.
   * @throws Failure `saved-state.corrupt`
   */
  unpack(frame: Frame): Promise<Uint8Array> {
    return this.#withStored(frame, async (stored) => {
      try {
        return await this.codec.decompress(stored, frame.length);
      } catch (error) {
        throw corrupt(this.path, `the part at ${frame.offset} cannot be unpacked`, error);
      }
    });
  }

  async #withStored<T>({ offset, storedLength }: Frame, use: (stored: Uint8Array) => Promise<T>): Promise<T> {
    const stored = this.#memory.take(storedLength);
    try {
      await this.file.readInto(stored, offset);
      return await use(stored);
    } finally {
      this.#memory.giveBack(stored);
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

async function takeHeader(file: SummedFile): Promise<Codec> {
  const { version, json } = await file.takeBeginning(packMagic);
  if (version !== packVersion) {
    throw new Failure('saved-state.mismatch', phrase('memory.newer', { path: file.path, version }));
  }
  if (file.size < file.position + packEndLength) throw corrupt(file.path, 'its end is missing');
  try {
    return await codecOf(packHeader.parse(JSON.parse(json)).codec);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw corrupt(file.path, 'its header makes no sense', error);
  }
}
