import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { type FileAction, hostFailure } from '../disks/host-file';
import { writeAtomic } from '../platform/atomic-file';
import { syncFolder } from '../platform/sync-folder';
import type { HashAlgorithm } from './checksum-file';

/** Where the bytes of a part come from, so that they are only continued from the same file. */
const origin = z.object({
  url: z.string(),
  /** A strong ETag, or a Last-Modified date: what `If-Range` takes (RFC 9110, 13.1.5). */
  validator: z.string().nullable(),
});
type Origin = z.infer<typeof origin>;

export const partPath = (target: string): string => `${target}.part`;
const originPath = (target: string): string => `${target}.part.json`;

/** Bytes of an interrupted download of `target`; 0 where there is none. */
export async function partialBytes(target: string): Promise<number> {
  try {
    return (await stat(partPath(target))).size;
  } catch {
    return 0;
  }
}

/** Removes what an interrupted download of `target` has left. */
export async function removePart(target: string): Promise<void> {
  await rm(partPath(target), { force: true });
  await rm(originPath(target), { force: true });
}

/**
 * A file under download: `<target>.part`, hashed while it grows, and renamed to `target` when it is whole.
 * Methods reject with a `Failure` (`file.*`).
 */
export class PartFile {
  private hash: Hash;

  private constructor(
    readonly target: string,
    private readonly algorithm: HashAlgorithm,
    private readonly handle: FileHandle,
    private written: number,
    private origin: Origin,
  ) {
    this.hash = createHash(algorithm);
  }

  /** Opens the part of an earlier attempt if it came from `url`, or begins a new one. */
  static async open(target: string, url: string, algorithm: HashAlgorithm): Promise<PartFile> {
    const path = partPath(target);
    try {
      await mkdir(dirname(target), { recursive: true });
      const earlier = await readOrigin(target);
      // 'a' would append whatever the position; 'r+' wants the file to exist.
      await (await open(path, 'a', 0o600)).close();
      const handle = await open(path, 'r+');
      const { size } = await handle.stat();
      const part = new PartFile(target, algorithm, handle, size, earlier ?? { url, validator: null });
      if (earlier?.url !== url) await part.restart({ url, validator: null });
      return part;
    } catch (error) {
      throw hostFailure(error, 'prepare', path);
    }
  }

  get size(): number {
    return this.written;
  }

  get validator(): string | null {
    return this.origin.validator;
  }

  /** Hashes what an earlier attempt has left. `progress` is told the bytes done. */
  async hashExisting(progress: (done: number) => void, signal: AbortSignal): Promise<void> {
    this.hash = createHash(this.algorithm);
    const buffer = new Uint8Array(1024 * 1024);
    for (let done = 0; done < this.written && !signal.aborted;) {
      const { bytesRead } = await this.trouble(
        'read',
        this.handle.read(buffer, 0, Math.min(buffer.length, this.written - done), done),
      );
      if (bytesRead === 0) {
        this.written = done; // cut by somebody else; go on from there
        return;
      }
      this.hash.update(buffer.subarray(0, bytesRead));
      done += bytesRead;
      progress(done);
    }
  }

  /** Throws away what is there, and begins anew from `origin`. */
  async restart(origin: Origin): Promise<void> {
    await this.trouble('write', this.handle.truncate(0));
    this.written = 0;
    this.hash = createHash(this.algorithm);
    this.origin = origin;
    await this.trouble('write', writeAtomic(originPath(this.target), JSON.stringify(origin)));
  }

  async append(chunk: Uint8Array): Promise<void> {
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await this.trouble(
        'write',
        this.handle.write(chunk, done, chunk.length - done, this.written),
      );
      this.hash.update(chunk.subarray(done, done + bytesWritten));
      done += bytesWritten;
      this.written += bytesWritten;
    }
  }

  /** The hash of everything written, as lower-case hexadecimal digits. */
  digest(): string {
    return this.hash.copy().digest('hex');
  }

  /** Puts the finished file in its place, durably. The part file must not be used afterwards. */
  async finish(): Promise<void> {
    await this.trouble('flush', this.handle.sync());
    await this.close();
    await this.trouble('rename', rename(partPath(this.target), this.target));
    await this.trouble('flush', syncFolder(dirname(this.target)));
    await rm(originPath(this.target), { force: true });
  }

  async close(): Promise<void> {
    await this.trouble('close', this.handle.close());
  }

  private trouble<T>(action: FileAction, work: Promise<T>): Promise<T> {
    return work.catch((error: unknown) => {
      throw hostFailure(error, action, partPath(this.target));
    });
  }
}

async function readOrigin(target: string): Promise<Origin | undefined> {
  try {
    const parsed = origin.safeParse(JSON.parse(await readFile(originPath(target), 'utf8')));
    return parsed.data;
  } catch {
    return undefined; // missing or torn: nothing to go on from
  }
}
