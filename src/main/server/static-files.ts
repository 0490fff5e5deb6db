import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Content types of the user interface's files, by extension; nothing else is served. */
const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** Paths with a page of their own. */
const pages: Record<string, string> = { '/': '/manager.html' };

/** Names of characters that no path trick is made of; no hidden files, no `..`. */
const safePath = /^(\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$/;

/** The file of the user interface that a path means; undefined when there is none. Never leaves `root`. */
export async function findStaticFile(root: string, pathname: string): Promise<string | undefined> {
  const wanted = pages[pathname] ?? pathname;
  if (!safePath.test(wanted) || types[extname(wanted)] === undefined) return undefined;
  try {
    const base = await realpath(root);
    const file = await realpath(join(base, wanted));
    return file.startsWith(base + sep) && (await stat(file)).isFile() ? file : undefined;
  } catch {
    return undefined; // not there
  }
}

export function contentType(file: string): string {
  return types[extname(file)] ?? 'application/octet-stream';
}

/** Answers with a file. Resolves when it has been sent, or the other side hung up. */
export async function sendFile(file: string, response: ServerResponse, head: boolean): Promise<void> {
  const { size } = await stat(file);
  response.writeHead(200, { 'Content-Type': contentType(file), 'Content-Length': size });
  if (head) response.end();
  else await pipeline(createReadStream(file), response).catch(() => response.destroy());
}
