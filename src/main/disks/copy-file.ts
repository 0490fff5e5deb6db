import { createHash } from 'node:crypto';
import { stat, unlink, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { type HostFile, openHostFile, syncFolder } from './host-file';

export interface CopyOptions {
  /** Bytes read so far, those that are read back among them, and bytes in all. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
}

/** Bytes copied at a time; cancelling takes effect between two of them. */
const chunkSize = 2 ** 20;
/** Zeros are left out in pieces of this length, which file systems can leave holes of. */
const pieceSize = 65536;
const zeros = new Uint8Array(pieceSize);

/**
 * Copies a file byte by byte, without the space that its zeros would take. The copy is read back and its hash
 * compared with that of what was read before this resolves; then it is durable. It has the time of the original.
 *
 * @param target a new file
 * @returns the length in bytes and the SHA-256 of both, in hexadecimal
 * @throws Failure `cancelled`, `file.*`, `disk.in-use`, `disk.corrupt` when the copy does not compare; nothing is
 * left of the target then
 */
export async function copyFileChecked(
  source: string,
  target: string,
  { onProgress, signal }: CopyOptions = {},
): Promise<{ bytes: number; sha256: string }> {
  const from = await openHostFile(source, { readOnly: true });
  try {
    const to = await openHostFile(target, { readOnly: false, create: true });
    try {
      const bytes = await from.size();
      const tell = (done: number): void => onProgress?.(done, bytes * 2);
      let written: string;
      let found: string;
      try {
        written = await copyBytes(from, to, bytes, tell, signal);
        found = await hashOf(to, bytes, (done) => tell(bytes + done), signal);
      } finally {
        await to.close();
      }
      if (found !== written) {
        throw new Failure('disk.corrupt', phrase('image.copyWrong', { path: target }), {
          hint: phrase('image.originalHint'),
        });
      }
      const { atime, mtime } = await stat(source);
      await utimes(target, atime, mtime);
      await syncFolder(dirname(target));
      return { bytes, sha256: found };
    } catch (error) {
      await unlink(target);
      throw error;
    }
  } finally {
    await from.close();
  }
}

async function copyBytes(
  from: HostFile,
  to: HostFile,
  bytes: number,
  tell: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(chunkSize);
  for (let position = 0; position < bytes; position += chunkSize) {
    const chunk = await readChunk(from, buffer, position, bytes, signal);
    hash.update(chunk);
    for (let at = 0; at < chunk.length; at += pieceSize) {
      const piece = chunk.subarray(at, at + pieceSize);
      if (Buffer.compare(piece, zeros.subarray(0, piece.length)) !== 0) await to.write(piece, position + at);
    }
    tell(position + chunk.length);
  }
  // What is zero at the end was left out, too.
  await to.truncate(bytes);
  await to.datasync();
  return hash.digest('hex');
}

async function hashOf(
  file: HostFile,
  bytes: number,
  tell: (done: number) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(chunkSize);
  for (let position = 0; position < bytes; position += chunkSize) {
    const chunk = await readChunk(file, buffer, position, bytes, signal);
    hash.update(chunk);
    tell(position + chunk.length);
  }
  return hash.digest('hex');
}

async function readChunk(
  file: HostFile,
  buffer: Uint8Array,
  position: number,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (signal?.aborted) throw new Failure('cancelled', phrase('task.copyCancelled'));
  const chunk = buffer.subarray(0, Math.min(buffer.length, bytes - position));
  if ((await file.read(chunk, position)) < chunk.length) {
    throw new Failure('medium.truncated', phrase('image.shorter', { path: file.path }));
  }
  return chunk;
}
