import { createHash, randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../platform/sync-folder';
import { hostFailure } from './host-file';

/** Like what a `WholeFile` is called before it is one. */
export const unfinishedName = /^\..+\.[0-9a-f]{12}\.tmp$/;

/** What there is of a file that is written from the front to the back. Methods reject with a `Failure` (`file.*`). */
export interface NewFile {
  /** Bytes so far. */
  readonly position: number;
  append(data: Uint8Array): Promise<void>;
  /** SHA-256 of all bytes so far. */
  digest(): Buffer;
  /**
   * Gives it its name, in place of what had that before; when it resolves it survives a loss of power.
   * @param refuse what it throws keeps the name from it, when everything else has been done: that may take long
   */
  finish(refuse?: () => void): Promise<void>;
  /** Throws away what has been written, whether or not `finish` was reached. */
  abort(): Promise<void>;
}

/** Makes a file that gets its name when it is whole. */
export type CreateFile = (path: string) => Promise<NewFile>;

/** A file of the host. @throws Failure `file.*` */
export const createWholeFile: CreateFile = async (path) => {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    return new WholeFile(path, temporary, await open(temporary, 'wx', 0o600));
  } catch (error) {
    throw hostFailure(error, 'create', temporary);
  }
};

class WholeFile implements NewFile {
  #position = 0;
  readonly #hash = createHash('sha256');

  constructor(
    private readonly path: string,
    private readonly temporary: string,
    private readonly file: FileHandle,
  ) {}

  get position(): number {
    return this.#position;
  }

  async append(data: Uint8Array): Promise<void> {
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

  digest(): Buffer {
    return this.#hash.copy().digest();
  }

  async finish(refuse?: () => void): Promise<void> {
    try {
      await this.file.sync();
      await this.file.close();
    } catch (error) {
      throw hostFailure(error, 'write', this.path);
    }
    refuse?.();
    try {
      await rename(this.temporary, this.path);
      await syncFolder(dirname(this.path));
    } catch (error) {
      throw hostFailure(error, 'write', this.path);
    }
  }

  async abort(): Promise<void> {
    await this.file.close().catch(() => {}); // closed already: the file is removed all the same
    await rm(this.temporary, { force: true });
  }
}
