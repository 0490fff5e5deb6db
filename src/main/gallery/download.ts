import { dirname } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { freeSpace } from '../platform/disk-space';
import type { HashAlgorithm } from './checksum-file';
import { consume, get, refuseIfCancelled, retrying, TransientProblem, type HttpOptions } from './http';
import { PartFile, removePart } from './part-file';

export interface DownloadOptions {
  /** Bytes; `total` is null while it is not known. Called at most ten times a second, and at the end. */
  progress: (done: number, total: number | null) => void;
  /** Keeps what has arrived, for a later attempt. */
  signal: AbortSignal;
}

export interface DownloadRequest extends DownloadOptions {
  url: string;
  /** Where the file goes; `<target>.part` while it is not whole. */
  target: string;
  algorithm: HashAlgorithm;
  /** Lower-case hexadecimal digits. */
  hash: string;
  /** More bytes than that are not taken. */
  limit: number;
  http: HttpOptions;
}

/** So much from one attempt counts as progress: the number of retries begins anew. */
const worthwhile = 1024 * 1024;

/**
 * Downloads a file, going on where an earlier attempt stopped, and puts it in its place only when its hash is right.
 *
 * @throws Failure `download.failed`, `download.hash-mismatch`, `file.*`, `cancelled`
 */
export async function download(request: DownloadRequest): Promise<void> {
  const { url, target, http, signal } = request;
  const progress = throttled(request.progress);
  const part = await PartFile.open(target, url, request.algorithm);
  let finished = false;
  try {
    await part.hashExisting((done) => progress(done, null), signal);
    refuseIfCancelled(signal);
    let before = part.size;
    await retrying(
      new URL(url).pathname.split('/').at(-1) ?? url,
      http,
      signal,
      (attemptSignal, alive) => {
        before = part.size;
        return attempt(request, part, progress, attemptSignal, alive);
      },
      () => part.size - before >= worthwhile,
    );
    progress.last();
    if (part.digest() === request.hash) {
      finished = true; // `finish` closes it
      await part.finish();
      return;
    }
  } finally {
    if (!finished) await part.close();
  }
  await removePart(target);
  throw new Failure('download.hash-mismatch', phrase('problem.wrongDownload'), {
    hint: phrase('problem.wrongDownloadHint'),
  });
}

async function attempt(
  request: DownloadRequest,
  part: PartFile,
  progress: (done: number, total: number | null) => void,
  signal: AbortSignal,
  alive: () => void,
): Promise<void> {
  const { url, limit } = request;
  const headers: Record<string, string> = {};
  if (part.size > 0) {
    headers['range'] = `bytes=${part.size}-`;
    if (part.validator !== null) headers['if-range'] = part.validator;
  }
  const response = await get(url, headers, request.http, signal);
  alive();
  let total = lengthOf(response);
  if (response.status === 416) {
    await response.body?.cancel();
    const all = Number(/^bytes \*\/(\d{1,16})$/.exec(response.headers.get('content-range') ?? '')?.[1]);
    if (part.size > 0 && all === part.size) return; // it was whole already
    await part.restart({ url, validator: null });
    throw new TransientProblem(phrase('download.changed'));
  }
  if (response.status === 206) {
    const range = /^bytes (\d{1,16})-\d{1,16}\/(\d{1,16}|\*)$/.exec(
      response.headers.get('content-range') ?? '',
    );
    if (Number(range?.[1]) !== part.size) {
      await response.body?.cancel();
      await part.restart({ url, validator: null });
      throw new TransientProblem(phrase('download.anotherPart'));
    }
    total = range?.[2] === '*' ? null : Number(range?.[2]);
  } else {
    // The whole file: it has changed since the last attempt, or the server knows no ranges.
    await part.restart({ url, validator: validatorOf(response) });
  }
  if (total !== null && total > limit) throw await tooLong(response, limit);
  await refuseUnlessFits(request.target, total === null ? 0 : total - part.size);
  progress(part.size, total);
  await consume(response, signal, async (chunk) => {
    alive();
    if (part.size + chunk.length > limit) throw await tooLong(response, limit);
    await part.append(chunk);
    progress(part.size, total);
  });
  if (total !== null && part.size < total) throw new TransientProblem(phrase('download.endedEarly'));
}

async function tooLong(response: Response, limit: number): Promise<Failure> {
  // While the body is being consumed it is locked, and ends with its reader.
  if (!response.body?.locked) await response.body?.cancel();
  return new Failure('download.failed', phrase('download.tooLong', { limit }), {
    hint: phrase('download.tooLongHint'),
  });
}

/** Bytes of the body, where the server says so. */
function lengthOf(response: Response): number | null {
  const length = response.headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(length) ? Number(length) : null;
}

/** What can be given back as `If-Range`: weak tags cannot. */
function validatorOf(response: Response): string | null {
  const tag = response.headers.get('etag');
  if (tag?.startsWith('"')) return tag;
  return response.headers.get('last-modified');
}

/** Says so at once, instead of after filling the disk. */
async function refuseUnlessFits(target: string, bytes: number): Promise<void> {
  const free = await freeSpace(dirname(target));
  if (free === null || bytes <= free) return;
  throw new Failure('file.no-space', phrase('download.noSpace', { bytes, free, folder: dirname(target) }), {
    hint: phrase('problem.downloadSpaceHint'),
  });
}

function throttled(report: DownloadOptions['progress']) {
  let last = -Infinity;
  let latest: [number, number | null] | undefined;
  const progress = (done: number, total: number | null): void => {
    latest = [done, total];
    if (performance.now() - last < 100) return;
    last = performance.now();
    report(done, total);
  };
  /** Reports the end, whenever the last report was. */
  const flush = (): void => {
    if (latest) report(latest[0], latest[0]);
  };
  return Object.assign(progress, { last: flush });
}
