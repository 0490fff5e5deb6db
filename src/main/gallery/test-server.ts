import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A publisher's server for tests, on this computer. */
export interface TestServer {
  url: (path: string) => string;
  /** What was asked for: path and `Range` header. */
  readonly requests: { path: string; range: string | undefined; ifRange: string | undefined }[];
  close(): Promise<void>;
}

/** How a file is served. */
export interface ServedFile {
  body: Uint8Array;
  etag?: string;
  /** The server does not know ranges. */
  ignoreRange?: boolean;
  /** The connection is cut after so many bytes of an answer; one cut for each number, then no more. */
  cutAfter?: number[];
  /** Answers before the file: a status for each request. */
  statuses?: number[];
  redirect?: string;
  /** Without a Content-Length header. */
  chunked?: boolean;
  /** The answer stops after so many bytes, and the connection stays open. */
  stallAfter?: number;
  headers?: Record<string, string>;
}

/**
 * @param otherwise what is served at addresses that `files` does not have
 * @param secure serves by https, with this certificate
 */
export async function startTestServer(
  files: Record<string, ServedFile>,
  otherwise: (path: string) => ServedFile | undefined = () => undefined,
  secure?: { key: string; cert: string },
): Promise<TestServer> {
  const requests: TestServer['requests'] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? '/';
    requests.push({
      path,
      range: request.headers.range,
      ifRange: request.headers['if-range'] as string | undefined,
    });
    const file = files[path] ?? otherwise(path);
    if (file) serve(file, request, response);
    else response.writeHead(404).end();
  };
  const server: Server = secure ? createSecureServer(secure, answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `${secure ? 'https' : 'http'}://127.0.0.1:${port}${path}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function serve(file: ServedFile, request: IncomingMessage, response: ServerResponse): void {
  const status = file.statuses?.shift();
  if (status !== undefined) {
    response.writeHead(status).end();
    return;
  }
  if (file.redirect !== undefined) {
    response.writeHead(302, { location: file.redirect }).end();
    return;
  }
  const headers: Record<string, string> = { ...file.headers };
  if (file.etag !== undefined) headers['etag'] = file.etag;
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const ifRange = request.headers['if-range'];
  const partial = range && file.ignoreRange !== true && (ifRange === undefined || ifRange === file.etag);
  const start = partial ? Number(range[1]) : 0;
  if (start >= file.body.length && partial) {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${file.body.length}` }).end();
    return;
  }
  const rest = file.body.subarray(start);
  if (partial) headers['content-range'] = `bytes ${start}-${file.body.length - 1}/${file.body.length}`;
  if (file.chunked !== true) headers['content-length'] = String(rest.length);
  response.writeHead(partial ? 206 : 200, headers);
  const cut = file.cutAfter?.shift();
  // What the client has not read yet when the connection is cut is lost to it, so it is given time on a busy computer.
  if (cut !== undefined)
    response.write(rest.subarray(0, cut), () => setTimeout(() => response.destroy(), 200));
  else if (file.stallAfter !== undefined) response.write(rest.subarray(0, file.stallAfter));
  else response.end(rest);
}
