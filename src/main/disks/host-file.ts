import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { Failure, toErrorValue, saidBy } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { fileAction } from '@shared/phrases/file-action';
import { lockImage } from './image-lock';

/**
 * The file operations that the disk formats stand on. Positions and lengths are in bytes.
 * Every method rejects with a `Failure` (`file.*`).
 */
export interface HostFile {
  /** Shown in messages. */
  readonly path: string;
  readonly readOnly: boolean;
  /** Equal for two open files exactly when they are the same file. */
  readonly identity: string;
  /** Fills `into`, unless the file ends before; resolves to the number of bytes read. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all of `data`; beyond the end, the file grows. */
  write(data: Uint8Array, position: number): Promise<void>;
  /** Cuts the file, or extends it by zeros, to `size`. */
  truncate(size: number): Promise<void>;
  /** When it resolves, all that was written before, and the file's size, survive a loss of power. */
  datasync(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

export interface HostFileOptions {
  readOnly: boolean;
  /** Creates the file, which must not exist yet. */
  create?: boolean;
  /** Without a lock, for a look at what may change at any moment. */
  unlocked?: boolean;
}

/** What a file is wanted for. */
export type FileAction = keyof typeof fileAction;

/** Turns an error of `node:fs` into a `Failure` with a message for a person. */
export function hostFailure(error: unknown, action: FileAction, path: string): Failure {
  if (error instanceof Failure) return error;
  const { code } = toErrorValue(error);
  const what = phrase(`fileAction.${action}`);
  if (code === 'file.no-space') {
    return new Failure(code, phrase('image.noSpace', { action: what, path }), {
      cause: error,
      hint: phrase('problem.noSpaceHint'),
    });
  }
  // An errno without a code of its own (EFBIG, EMFILE, ESTALE…) is still the host's trouble, not a defect.
  const fromSystem = typeof (error as { errno?: unknown }).errno === 'number';
  return new Failure(
    code === 'internal' && fromSystem ? 'file.io' : code,
    phrase('image.cannot', { action: what, path, reason: saidBy(error) }),
    {
      cause: error,
    },
  );
}

/**
 * Opens a regular file as a disk image and locks it: one writer or many readers.
 *
 * @throws Failure `file.not-found`, `file.denied`, `file.not-a-file`, `file.exists`, `disk.in-use`, `file.io`
 */
export async function openHostFile(path: string, options: HostFileOptions): Promise<HostFile> {
  const { readOnly, create = false, unlocked = false } = options;
  let handle: FileHandle;
  try {
    // Looking before opening keeps pipes from blocking and devices from noticing.
    if (!create) refuseUnlessFile((await stat(path)).isFile(), path);
    const access = readOnly ? constants.O_RDONLY : constants.O_RDWR;
    const nonblock = (constants.O_NONBLOCK as number | undefined) ?? 0;
    handle = await open(path, access | (create ? constants.O_CREAT | constants.O_EXCL : nonblock), 0o600);
  } catch (error) {
    throw hostFailure(error, create ? 'create' : 'open', path);
  }
  try {
    const status = await handle.stat({ bigint: true });
    refuseUnlessFile(status.isFile(), path);
    if (!unlocked) lockImage(handle.fd, path, readOnly ? 'shared' : 'exclusive');
    return new NodeHostFile(handle, path, readOnly, `${status.dev}:${status.ino}`);
  } catch (error) {
    await handle.close();
    throw hostFailure(error, 'open', path);
  }
}

function refuseUnlessFile(isFile: boolean, path: string): void {
  if (!isFile) throw new Failure('file.not-a-file', phrase('file.isNoFile', { path }));
}

class NodeHostFile implements HostFile {
  constructor(
    private readonly handle: FileHandle,
    readonly path: string,
    readonly readOnly: boolean,
    readonly identity: string,
  ) {}

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    try {
      while (done < into.length) {
        const { bytesRead } = await this.handle.read(into, done, into.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
    } catch (error) {
      throw hostFailure(error, 'read', this.path);
    }
    return done;
  }

  async write(data: Uint8Array, position: number): Promise<void> {
    let done = 0;
    try {
      while (done < data.length) {
        const { bytesWritten } = await this.handle.write(data, done, data.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw hostFailure(error, 'write', this.path);
    }
  }

  truncate(size: number): Promise<void> {
    return this.handle.truncate(size).catch((error: unknown) => {
      throw hostFailure(error, 'resize', this.path);
    });
  }

  datasync(): Promise<void> {
    return this.handle.datasync().catch((error: unknown) => {
      throw hostFailure(error, 'flush', this.path);
    });
  }

  async size(): Promise<number> {
    try {
      return (await this.handle.stat()).size;
    } catch (error) {
      throw hostFailure(error, 'examine', this.path);
    }
  }

  close(): Promise<void> {
    return this.handle.close().catch((error: unknown) => {
      throw hostFailure(error, 'close', this.path);
    });
  }
}

/** Makes the names in a folder survive a loss of power. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no such operation: it refuses to open a folder as a file.
  if (process.platform === 'win32') return;
  try {
    const handle = await open(folder, constants.O_RDONLY);
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    throw hostFailure(error, 'flush', folder);
  }
}
