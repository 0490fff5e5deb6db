import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure, toErrorValue } from '@shared/errors';
import { machineId } from '@shared/machine/config';
import type { Core } from '../core';
import { type Access, accessFor, parseUrl, securityHeaders } from './access';
import { findStaticFile, sendFile } from './static-files';
import { receiveUpload, removeUnfinishedUploads } from './upload';
import { WebSockets } from './web-sockets';

export interface BrowserServerOptions {
  core: Core;
  /** `out/renderer`. */
  rendererFolder: string;
  /** 0: any that is free. */
  port: number;
}

/** Browser mode's server: the user interface, the contract and the streams, for browsers of this computer. */
export interface BrowserServer {
  readonly port: number;
  /** The address that lets browsers in, for the person who started it. */
  readonly url: string;
  /** An address that lets one browser in, once: to be passed to other programs. */
  invite(): string;
  /** Pages that are open now. */
  readonly pages: number;
  close(): Promise<void>;
}

/** How long a request's headers may take, and a connection may do nothing between requests; in milliseconds. */
const headersMs = 10_000;

/** Listens on the loopback interface only. @throws the errors of `node:net`, e.g. when the port is taken */
export async function startBrowserServer(options: BrowserServerOptions): Promise<BrowserServer> {
  await removeUnfinishedUploads(options.core.mediaFolder);
  const server = createServer({ maxHeaderSize: 16 * 1024, headersTimeout: headersMs, requestTimeout: 0 });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  const token = randomBytes(32).toString('base64url');
  const access = accessFor(token, port);
  const headers = securityHeaders(port);
  const addressWith = (key: string): string => `http://127.0.0.1:${port}/?token=${key}`;
  const webSockets = new WebSockets(options.core);
  const { log } = options.core;
  server.on('error', (error) => log.warn('the server', error));

  server.on('request', (request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    respond(request, response, access, options).catch((error: unknown) => {
      log.warn('a request could not be answered', error);
      response.destroy();
    });
  });
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const allowed = access.isForUs(request) && access.isFromOurPage(request) && access.hasCookie(request);
    if (!allowed || !(socket instanceof Socket)) {
      log.once('upgrade refused', 'a WebSocket of a stranger was refused');
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      return;
    }
    webSockets.take(request, socket, head);
  });
  return {
    port,
    url: addressWith(token),
    invite: () => addressWith(access.invitation()),
    get pages() {
      return webSockets.count;
    },
    close() {
      webSockets.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        // Sockets that were handed to machine processes end with those.
        setTimeout(resolve, 500).unref();
      });
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  access: Access,
  { core, rendererFolder }: BrowserServerOptions,
): Promise<void> {
  if (!access.isForUs(request)) return refuse(response, 403, 'This address is not for you.');
  const url = parseUrl(request);
  if (!url) return refuse(response, 400, 'No such address.');
  const { method } = request;
  const isRead = method === 'GET' || method === 'HEAD';
  if (method === 'GET' && url.pathname === '/' && access.admits(url.searchParams.get('token'))) {
    // The token must not stay in the address, where it would be seen, kept and passed on.
    const machine = machineId.safeParse(url.searchParams.get('machine'));
    const Location = machine.success ? `/console.html?machine=${machine.data}` : '/';
    response.writeHead(303, { Location, 'Set-Cookie': access.cookie() }).end();
    return;
  }
  if (!access.hasCookie(request)) {
    return refuse(response, 401, 'Open the address that Vivarium printed when it started.');
  }
  if (isRead) {
    const file = await findStaticFile(rendererFolder, url.pathname);
    if (!file) return refuse(response, 404, 'There is nothing here.');
    return sendFile(file, response, method === 'HEAD');
  }
  if (method === 'PUT' && url.pathname === '/upload') {
    if (!access.isFromOurPage(request)) return refuse(response, 403, 'This is not for other pages.');
    return upload(request, response, core, url.searchParams.get('name') ?? '');
  }
  if (method === 'DELETE' && url.pathname === '/upload') {
    if (!access.isFromOurPage(request)) return refuse(response, 403, 'This is not for other pages.');
    return discardUpload(response, core, url.searchParams.get('path') ?? '');
  }
  refuse(response, 405, 'This cannot be done here.');
}

async function upload(
  request: IncomingMessage,
  response: ServerResponse,
  core: Core,
  name: string,
): Promise<void> {
  try {
    const path = await receiveUpload(request, core.mediaFolder, name);
    await core.uploads.add(path);
    // Cancelled when the last byte had just come: nobody will ever know of the file.
    if (!response.socket || response.socket.destroyed) return await core.uploads.discard(path);
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ path }));
  } catch (error) {
    const value = toErrorValue(error);
    const status = value.code === 'file.no-space' ? 507 : error instanceof Failure ? 400 : 500;
    core.log.warn('an upload failed', error);
    // What is left of the body is not waited for.
    response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' });
    response.end(JSON.stringify(value));
  }
}

/** For a page that is being closed, whose other connection is gone already; else `media.discard` does it. */
async function discardUpload(response: ServerResponse, core: Core, path: string): Promise<void> {
  try {
    await core.uploads.discard(path);
    response.writeHead(204).end();
  } catch (error) {
    core.log.warn('an uploaded image stays', error);
    refuse(response, 409, 'The image stays.');
  }
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  response.end(`${text}\n`);
}
