import { Readable } from 'node:stream';
import { net } from 'electron';
import type { Fetch } from '../../gallery/http';

/**
 * `fetch` for GET requests by Chromium's network, which knows the computer's proxies and certificates. A redirect is
 * answered as it is, for the caller to judge: Electron's own `net.fetch` fails there (electron/electron#43715).
 */
export const netFetch: Fetch = (input, init = {}) =>
  new Promise((resolve, reject) => {
    const signal = init.signal ?? undefined;
    if (signal?.aborted) return reject(signal.reason as Error);
    const request = net.request({
      url: String(input),
      redirect: 'manual',
      credentials: 'omit',
      // The browser's cache would keep a second copy, and ask for ranges of its own where a download was cut.
      cache: 'no-store',
    });
    new Headers(init.headers).forEach((value, name) => request.setHeader(name, value));
    signal?.addEventListener('abort', () => {
      reject(signal.reason as Error);
      request.abort();
    });
    request.on('redirect', (status, _method, location) => {
      resolve(new Response(null, { status, headers: { location } }));
      request.abort();
    });
    request.on('response', (message) => {
      const headers = Object.entries(message.headers).map(([name, value]): [string, string] => [
        name,
        Array.isArray(value) ? value.join(', ') : value,
      ]);
      // An IncomingMessage of Electron is a stream of Node's, though its types do not say so.
      const body = Readable.toWeb(message as unknown as Readable) as ReadableStream<Uint8Array>;
      const hasBody = message.statusCode !== 204 && message.statusCode !== 304;
      resolve(new Response(hasBody ? body : null, { status: message.statusCode, headers }));
    });
    request.on('error', reject);
    request.end();
  });
