import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { Failure } from '@shared/errors';
import { type Phrase, phrase } from '@shared/phrases/phrase';
import { hostFailure } from '../host-file';
import { type Codec, codecOf } from './codec';
import {
  chunkHeaderLength,
  corrupt,
  digestLength,
  endLength,
  formatVersion,
  magic,
  maxDataLength,
  maxHeaderLength,
  prefixLength,
  savedStateHeader,
  type SavedStateHeader,
} from './format';
import type { SavedStateIdentity } from './writer';

/**
 * The header of a saved state, with its own checksum tested, but not the data.
 * @throws Failure `file.*`, `saved-state.corrupt`, `saved-state.mismatch` (a newer format)
 */
export function readHeader(path: string): Promise<SavedStateHeader> {
  return withReader(path, (reader) => reader.header());
}

/**
 * Refuses a saved state that was made by another engine, version or hardware than `wanted`.
 * @throws Failure `saved-state.mismatch`
 */
export function checkHeader(header: SavedStateHeader, wanted: SavedStateIdentity): void {
  const mismatch = (message: Phrase): Failure =>
    new Failure('saved-state.mismatch', message, { hint: phrase('problem.savedStateHint') });
  if (header.engine !== wanted.engine) {
    throw mismatch(phrase('problem.savedByEngine', { engine: header.engine, wanted: wanted.engine }));
  }
  if (header.engineVersion !== wanted.engineVersion) {
    throw mismatch(
      phrase('problem.savedByVersion', { version: header.engineVersion, wanted: wanted.engineVersion }),
    );
  }
  if (header.hardwareDigest !== wanted.hardwareDigest) {
    throw mismatch(phrase('problem.savedByHardware'));
  }
}

/**
 * The whole memory image. Every byte of the file has been checked when it resolves.
 * @throws Failure `file.*`, `saved-state.corrupt`, `saved-state.mismatch`
 */
export function readSavedState(
  path: string,
  wanted: SavedStateIdentity,
  progress: (done: number, total: number) => void = () => {},
): Promise<ArrayBuffer> {
  return withReader(path, async (reader) => {
    const header = await reader.header();
    checkHeader(header, wanted);
    return reader.data(header, progress);
  });
}

/**
 * The same piece by piece, for images that need not be in memory as a whole. Each piece has been checked when
 * `take` gets it; that the file is complete and nothing is missing is only known when this resolves.
 * @throws Failure `file.*`, `saved-state.corrupt`, `saved-state.mismatch`, and whatever `take` rejects with
 */
export function streamSavedState(
  path: string,
  wanted: SavedStateIdentity,
  take: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  return withReader(path, async (reader) => {
    const header = await reader.header();
    checkHeader(header, wanted);
    await reader.pieces(header, take);
  });
}

async function withReader<T>(path: string, use: (reader: Reader) => Promise<T>): Promise<T> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw hostFailure(error, 'open', path);
  }
  try {
    return await use(new Reader(path, file, (await file.stat()).size));
  } catch (error) {
    throw hostFailure(error, 'read', path);
  } finally {
    await file.close();
  }
}

/** Reads from the front to the back, and sums up what it reads. */
class Reader {
  #position = 0;
  readonly #hash = createHash('sha256');

  constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    private readonly size: number,
  ) {}

  async header(): Promise<SavedStateHeader> {
    const prefix = await this.#take(prefixLength);
    if (!prefix.subarray(0, 8).equals(magic)) throw corrupt(this.path, 'it does not begin like one');
    const version = prefix.readUInt32LE(8);
    const length = prefix.readUInt32LE(12);
    if (length > maxHeaderLength) throw corrupt(this.path, 'its header is too long');
    const json = await this.#take(length);
    await this.#checkDigest('its header fails its checksum');
    if (version !== formatVersion) {
      throw new Failure(
        'saved-state.mismatch',
        `The saved state ${this.path} has the newer format ${version}.`,
      );
    }
    try {
      return savedStateHeader.parse(JSON.parse(json.toString()));
    } catch (error) {
      throw corrupt(this.path, 'its header makes no sense', error);
    }
  }

  async data(
    header: SavedStateHeader,
    progress: (done: number, total: number) => void,
  ): Promise<ArrayBuffer> {
    let data: Uint8Array<ArrayBuffer> | undefined;
    let done = 0;
    await this.pieces(header, async (piece, total) => {
      data ??= this.#allocate(total);
      data.set(piece, done);
      done += piece.length;
      progress(done, total);
    });
    return data?.buffer ?? new ArrayBuffer(0);
  }

  /** Hands out the data in order. `total`: how much it is altogether, in bytes. */
  async pieces(
    header: SavedStateHeader,
    take: (piece: Uint8Array, total: number) => Promise<void>,
  ): Promise<void> {
    const { chunks, total } = await this.#readEnd(header);
    const codec = await codecOf(header.codec);
    let done = 0;
    for (let count = 0; count < chunks; count++) {
      const chunk = await this.#chunk(codec, Math.min(header.chunkSize, total - done));
      done += chunk.length;
      await take(chunk, total);
    }
    if (done !== total) throw corrupt(this.path, 'parts of it are missing');
    await this.#take(16); // the end record, whose contents have been read before
    await this.#checkDigest('it fails its checksum');
    if (this.#position !== this.size) throw corrupt(this.path, 'something follows its end');
  }

  #allocate(total: number): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(total);
    } catch (error) {
      throw new Failure(
        'host.unavailable',
        `There is not enough memory for a saved state of ${total} bytes.`,
        {
          cause: error,
        },
      );
    }
  }

  async #chunk(codec: Codec, longest: number): Promise<Uint8Array> {
    const head = await this.#take(chunkHeaderLength);
    const length = head.readUInt32LE(0);
    const storedLength = head.readUInt32LE(4);
    if (length === 0 || length > longest) throw corrupt(this.path, 'a part has an impossible length');
    const stored = await this.#take(storedLength);
    let data: Uint8Array;
    try {
      data = await codec.decompress(stored, length);
    } catch (error) {
      throw corrupt(this.path, 'a part cannot be unpacked', error);
    }
    if (!createHash('sha256').update(data).digest().equals(head.subarray(8))) {
      throw corrupt(this.path, 'a part fails its checksum');
    }
    return data;
  }

  /** Looks at the end before the chunks are read, because the data's length stands there. */
  async #readEnd(header: SavedStateHeader): Promise<{ chunks: number; total: number }> {
    const position = this.size - endLength;
    if (position < this.#position) throw corrupt(this.path, 'its end is missing');
    const end = await this.#readAt(position, 16);
    const chunks = end.readUInt32LE(4);
    const total = Number(end.readBigUInt64LE(8));
    const possible =
      end.readUInt32LE(0) === 0 &&
      total <= maxDataLength &&
      chunks === Math.ceil(total / header.chunkSize) &&
      chunks * chunkHeaderLength < this.size;
    if (!possible) throw corrupt(this.path, 'its end is missing');
    return { chunks, total };
  }

  async #checkDigest(what: string): Promise<void> {
    const expected = this.#hash.copy().digest();
    if (!(await this.#take(digestLength)).equals(expected)) throw corrupt(this.path, what);
  }

  async #take(length: number): Promise<Buffer> {
    const data = await this.#readAt(this.#position, length);
    this.#hash.update(data);
    this.#position += length;
    return data;
  }

  async #readAt(position: number, length: number): Promise<Buffer> {
    if (position + length > this.size) throw corrupt(this.path, 'it is cut off');
    const data = Buffer.allocUnsafe(length);
    for (let at = 0; at < length;) {
      const { bytesRead } = await this.file.read(data, at, length - at, position + at);
      if (bytesRead === 0) throw corrupt(this.path, 'it is cut off');
      at += bytesRead;
    }
    return data;
  }
}
