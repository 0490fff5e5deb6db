import { Failure } from '@shared/errors';
import { phrase, type Phrase } from '@shared/phrases/phrase';

export type Fetch = typeof globalThis.fetch;

/** Something went wrong on the way that may go well the next time. */
export class TransientProblem extends Error {
  override readonly name = 'TransientProblem';

  /** @param said what a person may be told, after a colon */
  constructor(
    readonly said: string | Phrase,
    options?: ErrorOptions,
  ) {
    super(typeof said === 'string' ? said : said.text, options);
  }
}

export interface HttpOptions {
  fetch: Fetch;
  /** Lets tests use a server on this computer, which has no certificate. */
  allowHttpLoopback: boolean;
  /** Give up a connection when it has brought nothing for so long. */
  stallMs: number;
  /** Waits before the second, third … attempt; as many retries as there are waits. */
  retryDelaysMs: readonly number[];
}

const maxRedirects = 5;

/**
 * Sends a GET request and follows redirects, as long as they stay encrypted.
 *
 * @throws TransientProblem when the network or the server is to blame and may be better later
 * @throws Failure `download.failed` when there is no use in trying again; `cancelled`
 */
export async function get(
  url: string,
  headers: Record<string, string>,
  options: HttpOptions,
  signal: AbortSignal,
): Promise<Response> {
  let target = new URL(url);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    refuseUnlessSafe(target, options.allowHttpLoopback);
    let response: Response;
    try {
      response = await options.fetch(target.href, {
        headers: { 'accept-encoding': 'identity', ...headers },
        redirect: 'manual',
        signal,
      });
    } catch (error) {
      throw signal.aborted ? error : new TransientProblem(reasonOf(error), { cause: error });
    }
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) {
      return checkStatus(response, target);
    }
    await response.body?.cancel();
    if (!URL.canParse(location, target.href)) {
      throw new Failure('download.failed', phrase('download.badRedirect', { host: target.host }));
    }
    target = new URL(location, target);
  }
  throw new Failure('download.failed', phrase('download.redirectCircle', { host: new URL(url).host }));
}

function refuseUnlessSafe(url: URL, allowHttpLoopback: boolean): void {
  if (url.username !== '' || url.password !== '') {
    throw new Failure('download.failed', phrase('download.password', { host: url.host }));
  }
  if (url.protocol === 'https:') return;
  const loopback = url.hostname === '127.0.0.1' || url.hostname === '[::1]' || url.hostname === 'localhost';
  if (allowHttpLoopback && url.protocol === 'http:' && loopback) return;
  throw new Failure('download.failed', phrase('download.notEncrypted', { origin: url.origin }));
}

/** 200, 206 and 416 (the range is not there) are for the caller to judge. */
async function checkStatus(response: Response, url: URL): Promise<Response> {
  const { status } = response;
  const encoding = response.headers.get('content-encoding');
  if (status === 200 || status === 206 || status === 416) {
    if (encoding === null || encoding === 'identity') return response;
    await response.body?.cancel();
    throw new Failure('download.failed', phrase('download.changedForm', { host: url.host, encoding }));
  }
  await response.body?.cancel();
  const message = phrase('download.status', { host: url.host, status, path: url.pathname });
  if (status === 408 || status === 429 || status >= 500) throw new TransientProblem(message);
  throw new Failure('download.failed', message, {
    hint: phrase('problem.movedDownloadHint'),
  });
}

/** `fetch` hides what happened in the cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return error instanceof Error ? error.message : String(error);
}

/**
 * Consumes a body chunk by chunk.
 *
 * @param take an error that it throws is passed on as it is
 * @throws TransientProblem when the connection breaks
 */
export async function consume(
  response: Response,
  signal: AbortSignal,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (!reader) return;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw signal.aborted ? error : new TransientProblem(reasonOf(error), { cause: error });
      });
      if (done) return;
      await take(value);
    }
  } finally {
    // After an orderly end this does nothing; before it, the connection is given up.
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Runs `attempt` until it succeeds, with waits between. Every attempt has a signal that also fires when `alive`
 * has not been called for too long.
 *
 * @param progressed asked after a failure: whether the attempt brought enough to begin counting anew
 * @throws Failure `download.failed` after the last attempt, `cancelled`, and whatever is not transient
 */
export async function retrying<T>(
  what: string,
  options: HttpOptions,
  signal: AbortSignal,
  attempt: (signal: AbortSignal, alive: () => void) => Promise<T>,
  progressed: () => boolean = () => false,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    refuseIfCancelled(signal);
    const stalled = new AbortController();
    const stall = (): void => stalled.abort();
    let timer = setTimeout(stall, options.stallMs);
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(stall, options.stallMs);
    };
    try {
      return await attempt(AbortSignal.any([signal, stalled.signal]), alive);
    } catch (error) {
      refuseIfCancelled(signal);
      const problem = stalled.signal.aborted
        ? new TransientProblem(phrase('download.stalled', { seconds: Math.round(options.stallMs / 1000) }))
        : error;
      if (!(problem instanceof TransientProblem)) throw problem;
      if (progressed()) failures = 0;
      const delay = options.retryDelaysMs[failures];
      if (delay === undefined) {
        throw new Failure('download.failed', phrase('download.interrupted', { what, reason: problem.said }), {
          hint: phrase('problem.interruptedDownloadHint'),
        });
      }
      await wait(delay, signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

export function refuseIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new Failure('cancelled', phrase('gallery.cancelled'));
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
