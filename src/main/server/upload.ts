import { randomBytes } from 'node:crypto';
import { link, open, readdir, rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { extname, join } from 'node:path';
import { Failure, toErrorValue, saidBy } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { freeSpace } from '../platform/disk-space';
import { syncFolder } from '../platform/sync-folder';

/** Bytes that an upload leaves free, so that machines can go on writing. */
const reserve = 256 * 1024 * 1024;
/** Ends the names of files that are still being received. */
const unfinishedSuffix = '.upload';
/** Longest name that is kept, in UTF-8 bytes, with room for a number. */
const maxNameBytes = 180;

/**
 * Puts the body of a request into a folder, as a whole or not at all. Nothing is ever overwritten: a name that is
 * there gets a number.
 *
 * @returns the path of the new file
 * @throws Failure `input.invalid`, `file.no-space`, `file.*`, `cancelled`
 */
export async function receiveUpload(request: IncomingMessage, folder: string, name: string): Promise<string> {
  const safe = safeFileName(name);
  const announced = Number(request.headers['content-length'] ?? NaN);
  const free = await freeSpace(folder);
  const limit = free === null ? Infinity : Math.max(0, free - reserve);
  if (announced > limit) throw noSpace(name);
  const temporary = join(folder, `.${randomBytes(8).toString('hex')}${unfinishedSuffix}`);
  try {
    const received = await receive(request, temporary, limit, name);
    if (Number.isFinite(announced) && received !== announced) throw interrupted(name);
    const path = await giveName(temporary, folder, safe);
    await syncFolder(folder);
    return path;
  } catch (error) {
    throw uploadFailure(error, name);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes what a killed program was receiving. Only the data folder's holder may do so. */
export async function removeUnfinishedUploads(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith('.') && name.endsWith(unfinishedSuffix))
      await rm(join(folder, name), { force: true });
  }
}

async function receive(request: IncomingMessage, path: string, limit: number, name: string): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  try {
    let received = 0;
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      received += chunk.byteLength;
      if (received > limit) throw noSpace(name);
      await file.writeFile(chunk);
    }
    // A body that was cut off ends like a whole one.
    if (!request.complete) throw interrupted(name);
    await file.sync();
    return received;
  } finally {
    await file.close();
  }
}

/** A second name for the file, which fails where the name is taken; then the first is removed. */
async function giveName(temporary: string, folder: string, name: string): Promise<string> {
  const extension = extname(name);
  const stem = name.slice(0, name.length - extension.length);
  for (let number = 1; ; number++) {
    const path = join(folder, number === 1 ? name : `${stem} (${number})${extension}`);
    try {
      await link(temporary, path);
      return path;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'EEXIST') continue;
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
      return renameInstead(temporary, folder, path);
    }
  }
}

/** For file systems without hard links: the name is taken first, and then replaced. */
async function renameInstead(temporary: string, folder: string, path: string): Promise<string> {
  try {
    await (await open(path, 'wx')).close();
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
    return renameInstead(
      temporary,
      folder,
      join(folder, `${randomBytes(4).toString('hex')}${extname(path)}`),
    );
  }
  await rename(temporary, path);
  return path;
}

/** A name that is one on every system and means nothing special on any. */
export function safeFileName(name: string): string {
  const cleaned = (name.normalize('NFC').split(/[/\\]/).at(-1) ?? '')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"|?*]/gu, '_')
    .replace(/^[.\s]+/, '')
    .replace(/[.\s]+$/, '');
  const extension = extname(cleaned).slice(0, 16);
  const whole = cleaned.slice(0, cleaned.length - extname(cleaned).length);
  let stem = cutTo(whole, maxNameBytes - Buffer.byteLength(extension));
  // Devices of Windows, whatever their extension.
  if (/^(con|prn|aux|nul|com\d|lpt\d)$/i.test(stem)) stem = `_${stem}`;
  const safe = `${stem}${extension}`;
  if (safe === '' || safe === extension) return `image${extension}`;
  return safe;
}

/** The first characters that have room in `maxBytes` of UTF-8; none is cut in two. */
function cutTo(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function noSpace(name: string): Failure {
  return new Failure('file.no-space', phrase('upload.noSpace', { name: name.slice(0, 100) }));
}

function interrupted(name: string): Failure {
  return new Failure('cancelled', phrase('upload.interrupted', { name: name.slice(0, 100) }));
}

function uploadFailure(error: unknown, name: string): Failure {
  if (error instanceof Failure) return error;
  const { code } = error as { code?: string };
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') return interrupted(name);
  const value = toErrorValue(error);
  return new Failure(
    value.code,
    phrase('upload.failed', { name: name.slice(0, 100), reason: saidBy(error) }),
    {
      cause: error,
    },
  );
}
