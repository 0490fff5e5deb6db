import { constants } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { z } from 'zod';

interface NativeLocks {
  tryLock(fd: number, offset: number, length: number): boolean;
}

let native: NativeLocks | undefined;

/** The operating system's file locks: they end with the file descriptor, so also when its process is killed. */
function nativeLocks(): NativeLocks {
  native ??= createRequire(import.meta.url)('fs-native-extensions') as NativeLocks;
  return native;
}

/**
 * Loads what locks need, some tens of milliseconds, so that the first one need not wait for it. Where it cannot be
 * loaded the first lock tells.
 */
export function prepareLocks(): void {
  try {
    nativeLocks();
  } catch {
    // told by `lockFile`, to whom it matters
  }
}

/** The lock is on a byte far behind the text, because a lock on Windows also keeps others from reading. */
const lockedByte = 2 ** 40;

/** What a file system without locks answers. */
const noLocksHere = new Set(['ENOLCK', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL']);

/** Who holds a lock: written into the file for people and for file systems that have no locks. */
const lockOwner = z.object({ pid: z.number().int().positive(), bootId: z.string() });
export type LockOwner = z.infer<typeof lockOwner>;

export interface FileLock {
  readonly path: string;
  /** Gives the lock up. It also ends by itself with the process. */
  release(): Promise<void>;
}

/**
 * Takes the exclusive lock that the file at `path` stands for; creates the file where there is none, and leaves
 * it there afterwards. Undefined when another process (or this one) holds it.
 *
 * @throws the errors of `node:fs` when the file cannot be opened
 */
export async function lockFile(path: string): Promise<FileLock | undefined> {
  const noFollow = (constants.O_NOFOLLOW as number | undefined) ?? 0;
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | noFollow, 0o600);
  try {
    if (!(await tryLock(handle, path))) {
      await handle.close();
      return undefined;
    }
    const owner: LockOwner = { pid: process.pid, bootId: await bootId() };
    await handle.truncate(0);
    await handle.write(`${JSON.stringify(owner)}\n`, 0);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    path,
    async release() {
      // The name stays: removing it would let two processes lock two different files of one name.
      await handle.truncate(0).finally(() => handle.close());
    },
  };
}

async function tryLock(handle: FileHandle, path: string): Promise<boolean> {
  try {
    return nativeLocks().tryLock(handle.fd, lockedByte, 1);
  } catch (error) {
    if (!noLocksHere.has((error as { code?: string }).code ?? '')) throw error;
    // Second best: whoever wrote its name into the file holds it for as long as it lives.
    const owner = await readLockOwner(path);
    return owner === undefined || owner.bootId !== (await bootId()) || !isAlive(owner.pid);
  }
}

/** Who wrote its name into a lock file last; it may be long gone. */
export async function readLockOwner(path: string): Promise<LockOwner | undefined> {
  try {
    const parsed = lockOwner.safeParse(JSON.parse(await readFile(path, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // no file, or one that says nothing: nobody to name
  }
}

/** Whether there is a process of this number; a zombie counts. */
export function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

/** Differs between two boots of this computer where the system tells, so that an old pid is not taken for a new one. */
export async function bootId(): Promise<string> {
  try {
    return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  } catch {
    return 'unknown'; // not Linux; the operating system's own lock decides there
  }
}
