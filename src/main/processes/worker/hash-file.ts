import { createHash } from 'node:crypto';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { openHostFile } from '../../disks/host-file';
import type { JobControl } from './job-runner';

const chunkSize = 1024 * 1024;

/**
 * The hash of a file, as lower-case hexadecimal digits.
 *
 * @throws Failure `file.*`, `cancelled`
 */
export async function hashFile(
  { path, algorithm }: { path: string; algorithm: 'sha256' | 'sha512' },
  { progress, signal }: JobControl,
): Promise<string> {
  const file = await openHostFile(path, { readOnly: true, unlocked: true });
  try {
    const total = await file.size();
    const hash = createHash(algorithm);
    const buffer = new Uint8Array(chunkSize);
    for (let done = 0; ;) {
      if (signal.aborted) throw new Failure('cancelled', phrase('task.readingCancelled'));
      const read = await file.read(buffer, done);
      if (read === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, read));
      done += read;
      progress(done, Math.max(done, total));
    }
  } finally {
    await file.close();
  }
}
