import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

/** Bytes that can be read at any position: a file, a part of one, or memory. */
export interface ByteSource {
  readonly size: number;
  /** Resolves to `length` bytes, or to fewer (down to none) where the source ends before. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A source could not be read further because what may be spent on one image is spent. */
export class ReadBudgetSpent extends Error {
  override readonly name = 'ReadBudgetSpent';
}

/** Most that is read of one image, whatever its size and whatever it says about itself. */
export const readBudget = { bytes: 8 * 1024 * 1024, reads: 1000 } as const;

/** The same bytes, but reading ends with `ReadBudgetSpent` when the budget is used up. */
export function withBudget(
  source: ByteSource,
  budget: { bytes: number; reads: number } = readBudget,
): ByteSource {
  let { bytes, reads } = budget;
  return {
    size: source.size,
    async read(offset, length) {
      const wanted = available(source.size, offset, length);
      bytes -= wanted;
      reads -= 1;
      if (bytes < 0 || reads < 0) throw new ReadBudgetSpent();
      return wanted === 0 ? new Uint8Array(0) : source.read(offset, wanted);
    },
  };
}

/** A window onto a source, cut to what is there. Positions that make no sense give an empty window. */
export function part(source: ByteSource, start: number, length: number): ByteSource {
  const size = available(source.size, start, length);
  return {
    size,
    read: (offset, count) => source.read(start + offset, available(size, offset, count)),
  };
}

export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) =>
      Promise.resolve(bytes.slice(offset, offset + available(bytes.length, offset, length))),
  };
}

/** How many of `length` bytes at `offset` lie within `size` bytes. */
function available(size: number, offset: number, length: number): number {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length)) return 0;
  if (offset < 0 || length <= 0 || offset >= size) return 0;
  return Math.min(length, size - offset);
}

/**
 * Opens a file for looking at, without locking it.
 *
 * @throws Failure `file.not-found`, `file.denied`, `file.not-a-file`, `file.io`
 */
export async function openSource(path: string): Promise<ByteSource & { close(): Promise<void> }> {
  try {
    // Looking before opening keeps pipes from blocking and devices from noticing.
    const status = await stat(path);
    if (status.isDirectory()) throw new Failure('file.not-a-file', phrase('medium.folder', { path }));
    if (!status.isFile()) throw new Failure('file.not-a-file', phrase('medium.device', { path }));
    const nonblock = (constants.O_NONBLOCK as number | undefined) ?? 0;
    const handle = await open(path, constants.O_RDONLY | nonblock);
    return {
      size: status.size,
      async read(offset, length) {
        const bytes = new Uint8Array(available(status.size, offset, length));
        let done = 0;
        try {
          while (done < bytes.length) {
            const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offset + done);
            if (bytesRead === 0) break; // cut since it was opened
            done += bytesRead;
          }
        } catch (error) {
          throw openFailure(error, path);
        }
        return done === bytes.length ? bytes : bytes.slice(0, done);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    throw openFailure(error, path);
  }
}

function openFailure(error: unknown, path: string): Failure {
  if (error instanceof Failure) return error;
  const { code } = toErrorValue(error);
  if (code === 'file.not-found') {
    return new Failure(code, phrase('problem.noImage', { path }), {
      hint: phrase('problem.noImageHint'),
      cause: error,
    });
  }
  if (code === 'file.denied') {
    return new Failure(code, phrase('problem.deniedImage', { path }), {
      hint: phrase('problem.deniedImageHint'),
      cause: error,
    });
  }
  if (code === 'file.not-a-file')
    return new Failure(code, phrase('medium.notImage', { path }), { cause: error });
  return new Failure('file.io', phrase('file.unreadable', { path }), { cause: error });
}
