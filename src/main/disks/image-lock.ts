import { createRequire } from 'node:module';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

interface LockOptions {
  shared?: boolean;
}

interface FsNativeExtensions {
  tryLock(fd: number, offset: number, length: number, options?: LockOptions): boolean;
}

let loaded: FsNativeExtensions | undefined;

function locks(): FsNativeExtensions {
  loaded ??= createRequire(import.meta.url)('fs-native-extensions') as FsNativeExtensions;
  return loaded;
}

/**
 * Bytes on which QEMU on Linux announces what it does with an image: base 100 for "I do this", base 200 for
 * "nobody else may do this" (QEMU, block/file-posix.c; the order of the permissions is that of BLK_PERM_*).
 */
const qemuReads = 100;
const qemuForbidsWrites = 201;
const qemuForbidsResize = 203;

/** Elsewhere one byte behind all data stands for the file, because locks on Windows also stop plain reads. */
const distantByte = 2 ** 40;

/** What a file system without locks answers; images on it are used without a lock, as QEMU does. */
const noLocksHere = new Set(['ENOLCK', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL']);

/**
 * Takes the lock that an open image needs, on the image itself, where it ends with the file descriptor: at
 * close, or when the process dies. One writer, or any number of readers; QEMU on Linux keeps to it too.
 *
 * @throws Failure `disk.in-use`
 */
export function lockImage(fd: number, path: string, mode: 'exclusive' | 'shared'): void {
  let ours: boolean;
  try {
    ours = process.platform === 'linux' ? lockLikeQemu(fd, mode) : lockDistantByte(fd, mode);
  } catch (error) {
    if (noLocksHere.has((error as { code?: string }).code ?? '')) return;
    throw new Failure('file.io', phrase('file.cannotLock', { path }), { cause: error });
  }
  if (ours) return;
  throw new Failure('disk.in-use', phrase('problem.diskInUse', { path }), {
    hint: phrase('problem.diskInUseHint'),
  });
}

function lockDistantByte(fd: number, mode: 'exclusive' | 'shared'): boolean {
  return locks().tryLock(fd, distantByte, 1, { shared: mode === 'shared' });
}

function lockLikeQemu(fd: number, mode: 'exclusive' | 'shared'): boolean {
  const { tryLock } = locks();
  // A lock on the whole file conflicts with whatever byte a reader or a QEMU holds.
  if (mode === 'exclusive') return tryLock(fd, 0, 0);
  // These keep our writers and QEMU's from starting. A QEMU that already writes is not seen: its locks are
  // shared ones too, and asking who holds a lock is not offered here.
  return [qemuReads, qemuForbidsWrites, qemuForbidsResize].every((byte) =>
    tryLock(fd, byte, 1, { shared: true }),
  );
}
