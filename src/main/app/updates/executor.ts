import type { RequestOptions } from 'node:http';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { download } from '../../gallery/download';
import { get, type HttpOptions, retrying } from '../../gallery/http';

/** electron-updater's way to say that a person does not want it any more. */
interface CancellationToken {
  readonly cancelled: boolean;
  onCancel(handler: () => void): void;
}

/** What electron-updater asks of the one who downloads for it. */
export interface Executor {
  request(options: RequestOptions, token?: CancellationToken): Promise<string>;
  download(
    url: URL,
    destination: string,
    options: {
      headers?: unknown;
      sha512?: string | null;
      cancellationToken: CancellationToken;
    },
  ): Promise<string>;
}

/** No package of ours comes near that, in bytes. */
const mostBytes = 1024 ** 3;

function signalOf(token: CancellationToken | undefined): AbortSignal {
  const controller = new AbortController();
  token?.onCancel(() => controller.abort());
  if (token?.cancelled) controller.abort();
  return controller.signal;
}

/** Node's description of a request as an address. */
function addressOf({ protocol = 'https:', hostname, port, path = '/' }: RequestOptions): string {
  return `${protocol}//${hostname ?? ''}${port ? `:${port}` : ''}${path}`;
}

function textHeaders(headers: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

/**
 * Downloads for electron-updater the way that the gallery downloads systems: encrypted all the way, going on where a
 * broken connection stopped, and only taken with the right hash.
 *
 * @param progress is told the bytes of the file that is being downloaded
 */
export function updateExecutor(
  http: HttpOptions,
  progress: (done: number, total: number | null) => void,
): Executor {
  return {
    async request(options, token) {
      const url = addressOf(options);
      return retrying(new URL(url).host, http, signalOf(token), async (signal, alive) => {
        const response = await get(url, textHeaders(options.headers), http, signal);
        alive();
        return response.text();
      });
    },
    async download(url, destination, { sha512, cancellationToken }) {
      if (!sha512) {
        throw new Failure('download.failed', phrase('download.notDescribed'), {
          hint: phrase('download.notDescribedHint'),
        });
      }
      await download({
        url: url.href,
        target: destination,
        algorithm: 'sha512',
        hash: Buffer.from(sha512, 'base64').toString('hex'),
        limit: mostBytes,
        http,
        signal: signalOf(cancellationToken),
        progress,
      });
      return destination;
    },
  };
}
