import { lstat, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { syncFolder } from '../platform/sync-folder';

/** Which file it is, whatever names lead to it. */
interface FileIdentity {
  dev: bigint;
  ino: bigint;
}

/**
 * The images that were uploaded since the program started. Only these may be discarded again: what was downloaded,
 * what lay there before, and what machines use is not the user interface's to remove.
 */
export class Uploads {
  private readonly received = new Map<string, FileIdentity>();

  /** @param usedImages paths of the images that machines have in their drives, or will have */
  constructor(private readonly usedImages: () => readonly string[]) {}

  /** Remembers a file that has just been uploaded. @throws the errors of `node:fs` */
  async add(path: string): Promise<void> {
    const { dev, ino } = await lstat(path, { bigint: true });
    this.received.set(path, { dev, ino });
  }

  /**
   * Removes an uploaded image that nothing uses. One that is gone already is no error.
   *
   * @throws Failure `input.invalid` for every other path, and for an image in a drive of a machine; `file.*`
   */
  async discard(path: string): Promise<void> {
    const uploaded = this.received.get(path);
    if (!uploaded) throw notUploaded(path);
    const found = await lstat(path, { bigint: true }).catch(absent);
    if (!found) return this.forget(path);
    // The name may lead elsewhere by now: a link or another file in its place is left alone.
    if (!found.isFile() || !isSame(found, uploaded)) throw notUploaded(path);
    if (await this.isUsed(path, uploaded)) {
      throw new Failure('input.invalid', phrase('upload.inUse', { path }));
    }
    await unlink(path);
    this.forget(path);
    await syncFolder(dirname(path));
  }

  private forget(path: string): void {
    this.received.delete(path);
  }

  /** A machine may know the file by another name: through a link, or written differently. */
  private async isUsed(path: string, file: FileIdentity): Promise<boolean> {
    const images = this.usedImages();
    if (images.includes(path)) return true;
    const found = await Promise.all(images.map((image) => stat(image, { bigint: true }).catch(() => null)));
    return found.some((one) => one !== null && isSame(one, file));
  }
}

function isSame(one: FileIdentity, other: FileIdentity): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

function absent(error: unknown): undefined {
  if ((error as { code?: string }).code !== 'ENOENT') throw error;
}

function notUploaded(path: string): Failure {
  return new Failure('input.invalid', phrase('upload.notOurs', { path }));
}
