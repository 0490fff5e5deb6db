import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { download, type DownloadRequest } from './download';
import { startTestServer, type ServedFile, type TestServer } from './test-server';

let folder: string;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-download-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

const mib = 1024 * 1024;

async function request(file: ServedFile, changes: Partial<DownloadRequest> = {}): Promise<DownloadRequest> {
  server = await startTestServer({ '/file.iso': file });
  return {
    url: server.url('/file.iso'),
    target: join(folder, 'media', 'file.iso'),
    algorithm: 'sha512',
    hash: createHash('sha512').update(file.body).digest('hex'),
    limit: 100 * mib,
    http: { fetch, allowHttpLoopback: true, stallMs: 5000, retryDelaysMs: [1, 1] },
    progress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  };
}

it('is stopped when more arrives than may, even where no length was announced', async () => {
  const body = Buffer.alloc(2 * mib, 1);
  const asked = await request({ body, chunked: true }, { limit: mib });
  await expect(download(asked)).rejects.toMatchObject({
    code: 'download.failed',
    message: expect.stringContaining('longer'),
  });
});

it('goes on over a line that breaks often, as long as it brings something', async () => {
  const body = Buffer.alloc(12 * mib);
  for (let at = 0; at < body.length; at += 4) body.writeUInt32LE((at * 2654435761) % 2 ** 32, at);
  const cuts = Array.from({ length: 6 }, () => 1.5 * mib);
  await download(await request({ body, etag: '"v1"', cutAfter: cuts }));
  expect(server?.requests).toHaveLength(7);
  expect(Buffer.compare(await readFile(join(folder, 'media', 'file.iso')), body)).toBe(0);
});

it('does not begin when it was cancelled before', async () => {
  const abort = new AbortController();
  abort.abort();
  const asked = await request({ body: Buffer.alloc(10) }, { signal: abort.signal });
  await expect(download(asked)).rejects.toMatchObject({ code: 'cancelled' });
  expect(server?.requests).toHaveLength(0);
  expect(await readdir(join(folder, 'media'))).not.toContain('file.iso');
});

it('takes nothing in a changed form', async () => {
  const asked = await request({ body: Buffer.alloc(10), headers: { 'content-encoding': 'br' } });
  await expect(download(asked)).rejects.toMatchObject({ code: 'download.failed' });
});

it('does not give away a password in the address', async () => {
  const asked = await request({ body: Buffer.alloc(10) });
  const url = asked.url.replace('127.0.0.1', 'user:secret@127.0.0.1');
  await expect(download({ ...asked, url })).rejects.toMatchObject({ code: 'download.failed' });
  expect(server?.requests).toHaveLength(0);
});
