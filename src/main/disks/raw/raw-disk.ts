import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { BlockDevice } from '../block-device';
import { openHostFile, type HostFile } from '../host-file';
import { checkRange, closedFailure, readOnlyFailure } from '../request';

/**
 * Opens a file whose bytes are the disk's bytes: an ISO or floppy image, or a raw disk. Its size is that of the
 * file at this moment.
 *
 * @throws Failure `medium.empty`, and those of `openHostFile`
 */
export async function openRaw(path: string, options: { readOnly: boolean }): Promise<BlockDevice> {
  return openRawFile(await openHostFile(path, options));
}

/** The same over a file that is already open; it belongs to the device from now on, even if this fails. */
export async function openRawFile(file: HostFile): Promise<BlockDevice> {
  try {
    const size = await file.size();
    if (size === 0) throw new Failure('medium.empty', phrase('image.empty', { path: file.path }));
    return new RawDisk(file, size);
  } catch (error) {
    await file.close();
    throw error;
  }
}

class RawDisk implements BlockDevice {
  private closed = false;

  constructor(
    private readonly file: HostFile,
    readonly size: number,
  ) {}

  get readOnly(): boolean {
    return this.file.readOnly;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.check(offset, length);
    const data = new Uint8Array(length);
    await this.readInto(offset, data);
    return data;
  }

  async readInto(offset: number, into: Uint8Array): Promise<void> {
    this.check(offset, into.length);
    if ((await this.file.read(into, offset)) < into.length) throw this.truncated();
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.check(offset, data.length);
    if (this.readOnly) throw readOnlyFailure(this.file.path);
    // Writing behind the end of a file that was cut would turn what is missing into silent zeros.
    if ((await this.file.size()) < this.size) throw this.truncated();
    await this.file.write(data, offset);
  }

  async flush(): Promise<void> {
    this.check(0, 0);
    if (!this.readOnly) await this.file.datasync();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    try {
      if (!this.readOnly) await this.file.datasync();
    } finally {
      await this.file.close();
    }
  }

  private check(offset: number, length: number): void {
    if (this.closed) throw closedFailure(this.file.path);
    checkRange(this.size, offset, length);
  }

  private truncated(): Failure {
    return new Failure('medium.truncated', phrase('image.becameShorter', { path: this.file.path }), {
      hint: phrase('image.becameShorterHint'),
    });
  }
}
