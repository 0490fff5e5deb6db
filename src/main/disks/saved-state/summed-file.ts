import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { hostFailure } from '../host-file';
import { corrupt, digestLength, maxHeaderLength, prefixLength } from './format';

/** Opens a file for `use` and closes it again. @throws Failure `file.*`, or what `use` throws */
export async function withSummedFile<T>(path: string, use: (file: SummedFile) => Promise<T>): Promise<T> {
  const file = await openSummedFile(path);
  try {
    return await use(file);
  } catch (error) {
    throw hostFailure(error, 'read', path);
  } finally {
    await file.close();
  }
}

/** @throws Failure `file.*` */
export async function openSummedFile(path: string): Promise<SummedFile> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    return new SummedFile(path, handle, (await handle.stat()).size);
  } catch (error) {
    await handle?.close();
    throw hostFailure(error, 'open', path);
  }
}

/** A file of ours that is read from the front to the back, and summed up meanwhile. */
export class SummedFile {
  #position = 0;
  readonly #hash = createHash('sha256');

  /** @param size in bytes */
  constructor(
    readonly path: string,
    private readonly file: FileHandle,
    readonly size: number,
  ) {}

  get position(): number {
    return this.#position;
  }

  /** SHA-256 of what has been taken. */
  digest(): Buffer {
    return this.#hash.copy().digest();
  }

  /** The next bytes. @throws Failure `saved-state.corrupt` where there are none */
  async take(length: number): Promise<Buffer> {
    const data = await this.readAt(this.#position, length);
    this.#sumUp(data);
    return data;
  }

  /** The same into memory of the caller's, all of which is filled. */
  async takeInto(into: Uint8Array): Promise<void> {
    await this.readInto(into, this.#position);
    this.#sumUp(into);
  }

  #sumUp(data: Uint8Array): void {
    this.#hash.update(data);
    this.#position += data.length;
  }

  /** Takes a checksum of all before it. @throws Failure `saved-state.corrupt` */
  async checkDigest(what: string): Promise<void> {
    const expected = this.digest();
    if (!(await this.take(digestLength)).equals(expected)) throw corrupt(this.path, what);
  }

  /**
   * What such a file begins with: its format version and its header, whose checksum has been tested.
   * @throws Failure `saved-state.corrupt`
   */
  async takeBeginning(mark: Buffer): Promise<{ version: number; json: string }> {
    const prefix = await this.take(prefixLength);
    if (!prefix.subarray(0, 8).equals(mark)) throw corrupt(this.path, 'it does not begin like one');
    const length = prefix.readUInt32LE(12);
    if (length > maxHeaderLength) throw corrupt(this.path, 'its header is too long');
    const json = await this.take(length);
    await this.checkDigest('its header fails its checksum');
    return { version: prefix.readUInt32LE(8), json: json.toString() };
  }

  /** Bytes anywhere, which are not summed up. @throws Failure `saved-state.corrupt` where there are none */
  async readAt(position: number, length: number): Promise<Buffer> {
    this.#refuseOutside(position, length);
    const data = Buffer.allocUnsafe(length);
    await this.readInto(data, position);
    return data;
  }

  /** The same into memory of the caller's, all of which is filled. */
  async readInto(into: Uint8Array, position: number): Promise<void> {
    const { length } = into;
    this.#refuseOutside(position, length);
    for (let at = 0; at < length;) {
      const { bytesRead } = await this.file.read(into, at, length - at, position + at);
      if (bytesRead === 0) throw corrupt(this.path, 'it is cut off');
      at += bytesRead;
    }
  }

  #refuseOutside(position: number, length: number): void {
    if (position < 0 || position + length > this.size) throw corrupt(this.path, 'it is cut off');
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
