import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

/** More than any guest asks for at once; it bounds the memory of one request. Bytes. */
const maxRequest = 2 ** 30;

/**
 * Refuses a request that is not within a device of `size` bytes, or longer than `most`.
 * @throws Failure `disk.out-of-range`
 */
export function checkRange(size: number, offset: number, length: number, most = maxRequest): void {
  const sane = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (sane && offset + length <= size && length <= most) return;
  throw new Failure('disk.out-of-range', phrase('image.outOfRange', { length, offset, size }));
}

export function readOnlyFailure(path: string): Failure {
  return new Failure('disk.read-only', phrase('image.readOnly', { path }));
}

export function closedFailure(path: string): Failure {
  return new Failure('internal', `${path} was used after it had been closed`);
}
