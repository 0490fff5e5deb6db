import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorCode } from '@shared/errors';
import type { GalleryEntry } from '@shared/gallery/entry';
import { GalleryService, type GalleryOptions } from './service';
import { startTestServer, type ServedFile, type TestServer } from './test-server';

let folder: string;
let server: TestServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-gallery-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

const name = 'system-1.2.0-x86.iso';
const bytes = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 2654435761 * seed) >>> 13);
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

const entry: GalleryEntry = {
  id: 'system',
  name: 'System',
  family: 'linux',
  guest: 'linux',
  architecture: 'i386',
  bits: 32,
  licence: 'MIT',
  description: { en: 'A system.' },
  homepage: 'https://example.org/',
  sizeBytes: 1_000_000,
  medium: 'cdrom',
  memoryMiB: 64,
  diskMiB: 64,
  source: {
    kind: 'download-listed',
    checksums: 'https://example.org/SHA256SUMS',
    pattern: 'system-[0-9.]+-x86[.]iso',
    algorithm: 'sha256',
  },
};

/** A gallery whose publisher is a server on this computer; `https://example.org` stands for it. */
async function gallery(
  files: Record<string, ServedFile>,
  options: Partial<GalleryOptions> = {},
  entries: unknown = [entry],
): Promise<GalleryService> {
  const started = await startTestServer(files);
  server = started;
  await writeFile(join(folder, 'gallery.json'), JSON.stringify(entries));
  return new GalleryService({
    resourcesFolder: folder,
    mediaFolder: join(folder, 'media'),
    allowHttpLoopback: true,
    fetch: (input, init) => fetch(String(input).replace('https://example.org/', started.url('/')), init),
    retryDelaysMs: [1, 1, 1],
    stallMs: 2000,
    ...options,
  });
}

const listing = (data: Uint8Array, file = name): ServedFile => ({
  body: new TextEncoder().encode(`${sha256(data)}  ${file}\n`),
});
const quiet = () => ({ progress: () => undefined, signal: new AbortController().signal });
const inMedia = async (): Promise<string[]> => (await readdir(join(folder, 'media'))).sort();
const coded = (code: ErrorCode) => expect.objectContaining({ code });

describe('a download', () => {
  it('comes with progress, is checked, and is ready afterwards', async () => {
    const data = bytes(300_000);
    const service = await gallery({ '/SHA256SUMS': listing(data), [`/${name}`]: { body: data } });
    expect((await service.list())[0]).toMatchObject({ status: 'downloadable', path: null, partialBytes: 0 });
    const reports: [number, number | null][] = [];
    const path = await service.download('system', {
      progress: (done, total) => reports.push([done, total]),
      signal: new AbortController().signal,
    });
    expect(path).toBe(join(folder, 'media', name));
    expect(sha256(await readFile(path))).toBe(sha256(data));
    expect(reports.at(-1)).toEqual([data.length, data.length]);
    expect(await inMedia()).toEqual([name]);
    expect((await service.list())[0]).toMatchObject({ status: 'ready', path });
    const asked = server?.requests.length;
    expect(await service.download('system', quiet())).toBe(path);
    expect(server?.requests.length).toBe(asked);
  });

  it('goes on where the connection broke', async () => {
    const data = bytes(400_000);
    const file = { body: data, etag: '"v1"', cutAfter: [100_000, 50_000] };
    const service = await gallery({ '/SHA256SUMS': listing(data), [`/${name}`]: file });
    const path = await service.download('system', quiet());
    expect(sha256(await readFile(path))).toBe(sha256(data));
    const ranges = server?.requests.filter(({ range }) => range !== undefined) ?? [];
    expect(ranges.map(({ range, ifRange }) => [range, ifRange])).toEqual([
      ['bytes=100000-', '"v1"'],
      ['bytes=150000-', '"v1"'],
    ]);
  });

  it('that was cancelled keeps what has arrived, and is taken up later by another service', async () => {
    const data = bytes(600_000);
    const file: ServedFile = { body: data, etag: '"v1"', stallAfter: 200_000 };
    const service = await gallery({ '/SHA256SUMS': listing(data), [`/${name}`]: file });
    const abort = new AbortController();
    const pending = service.download('system', {
      progress: (done) => {
        if (done >= 200_000) abort.abort();
      },
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(), 300); // reports are throttled
    await expect(pending).rejects.toEqual(coded('cancelled'));
    expect((await service.list())[0]).toMatchObject({ status: 'downloadable', partialBytes: 200_000 });
    expect(await inMedia()).toEqual([`${name}.part`, `${name}.part.json`]);

    file.stallAfter = undefined;
    const path = await service.download('system', quiet());
    expect(sha256(await readFile(path))).toBe(sha256(data));
    expect(server?.requests.at(-1)?.range).toBe('bytes=200000-');
    expect(await inMedia()).toEqual([name]);
  });

  it('begins anew when the file on the server has changed', async () => {
    const old = bytes(300_000, 7);
    const data = bytes(300_000);
    const file: ServedFile = { body: old, etag: '"old"', cutAfter: [100_000, 0, 0, 0] };
    const files = { '/SHA256SUMS': listing(data), [`/${name}`]: file };
    const service = await gallery(files);
    await expect(service.download('system', quiet())).rejects.toEqual(coded('download.failed'));
    expect((await service.list())[0]?.partialBytes).toBe(100_000);
    Object.assign(file, { body: data, etag: '"new"', cutAfter: [] });
    const path = await service.download('system', quiet());
    expect(sha256(await readFile(path))).toBe(sha256(data));
    expect(server?.requests.at(-1)).toMatchObject({ range: 'bytes=100000-', ifRange: '"old"' });
  });

  it('copes with a server that knows no ranges', async () => {
    const data = bytes(300_000);
    const file = { body: data, ignoreRange: true, cutAfter: [100_000] };
    const service = await gallery({ '/SHA256SUMS': listing(data), [`/${name}`]: file });
    const path = await service.download('system', quiet());
    expect(sha256(await readFile(path))).toBe(sha256(data));
  });

  it('of a file that is whole already only checks it', async () => {
    const data = bytes(100_000);
    const service = await gallery({ '/SHA256SUMS': listing(data), [`/${name}`]: { body: data } });
    await mkdir(join(folder, 'media'));
    await writeFile(join(folder, 'media', `${name}.part`), data);
    await writeFile(
      join(folder, 'media', `${name}.part.json`),
      JSON.stringify({ url: `https://example.org/${name}`, validator: null }),
    );
    await service.download('system', quiet());
    expect(await inMedia()).toEqual([name]);
  });

  it('with the wrong hash is refused and removed', async () => {
    const data = bytes(100_000);
    const service = await gallery({
      '/SHA256SUMS': listing(bytes(100_000, 3)),
      [`/${name}`]: { body: data },
    });
    await expect(service.download('system', quiet())).rejects.toEqual(coded('download.hash-mismatch'));
    expect(await inMedia()).toEqual([]);
    expect((await service.list())[0]).toMatchObject({ status: 'downloadable', partialBytes: 0 });
  });

  it('that is damaged in its kept part is noticed', async () => {
    const data = bytes(300_000);
    const file: ServedFile = { body: data, etag: '"v1"', cutAfter: [100_000, 0, 0, 0] };
    const service = await gallery({ '/SHA256SUMS': listing(data), [`/${name}`]: file });
    await expect(service.download('system', quiet())).rejects.toEqual(coded('download.failed'));
    const part = join(folder, 'media', `${name}.part`);
    const kept = await readFile(part);
    kept[5] = (kept[5] ?? 0) ^ 1;
    await writeFile(part, kept);
    await expect(service.download('system', quiet())).rejects.toEqual(coded('download.hash-mismatch'));
    expect((await service.list())[0]).toMatchObject({ partialBytes: 0 });
    await service.download('system', quiet());
  });

  it('is given up after three retries, with a hint, and keeps its part', async () => {
    const data = bytes(300_000);
    const file = { body: data, etag: '"v1"', cutAfter: [50_000, 10, 10, 10, 10] };
    const service = await gallery({ '/SHA256SUMS': listing(data), [`/${name}`]: file });
    await expect(service.download('system', quiet())).rejects.toMatchObject({
      code: 'download.failed',
      hint: expect.stringContaining('again'),
    });
    expect(server?.requests.filter(({ path }) => path === `/${name}`)).toHaveLength(4);
    expect((await service.list())[0]?.partialBytes).toBe(50_030);
  });

  it('counts a connection that brings nothing as broken', async () => {
    const data = bytes(100_000);
    const file: ServedFile = { body: data, stallAfter: 1000 };
    const service = await gallery(
      { '/SHA256SUMS': listing(data), [`/${name}`]: file },
      { stallMs: 100, retryDelaysMs: [] },
    );
    await expect(service.download('system', quiet())).rejects.toEqual(coded('download.failed'));
  });

  it('tries again when the server is busy, and not when the file is gone', async () => {
    const data = bytes(1000);
    const file: ServedFile = { body: data, statuses: [503, 429] };
    const service = await gallery({
      '/SHA256SUMS': { ...listing(data), statuses: [500] },
      [`/${name}`]: file,
    });
    await service.download('system', quiet());
    await server?.close();
    await rm(join(folder, 'media'), { recursive: true });
    const gone = await gallery({ '/SHA256SUMS': listing(data) });
    await expect(gone.download('system', quiet())).rejects.toMatchObject({
      code: 'download.failed',
      message: expect.stringContaining('404'),
    });
    expect(server?.requests).toHaveLength(2);
  });

  it('follows redirects, but none that leaves encryption, and not for ever', async () => {
    const data = bytes(1000);
    const files: Record<string, ServedFile> = {
      '/SHA256SUMS': listing(data),
      [`/${name}`]: { body: data, redirect: '/mirror' },
      '/mirror': { body: data },
    };
    const service = await gallery(files);
    await service.download('system', quiet());
    await rm(join(folder, 'media'), { recursive: true });
    files['/mirror'] = { body: data, redirect: 'http://mirror.example.org/file' };
    await expect(service.download('system', quiet())).rejects.toMatchObject({
      code: 'download.failed',
      message: expect.stringContaining('not encrypted'),
    });
    files['/mirror'] = { body: data, redirect: '/mirror' };
    await expect(service.download('system', quiet())).rejects.toMatchObject({
      message: expect.stringContaining('circles'),
    });
  });

  it('without encryption is refused outside of tests', async () => {
    const data = bytes(1000);
    const files = { '/SHA256SUMS': { ...listing(data), redirect: '' }, [`/${name}`]: { body: data } };
    const service = await gallery(files, { allowHttpLoopback: false });
    files['/SHA256SUMS'].redirect = server?.url('/other') ?? '';
    await expect(service.download('system', quiet())).rejects.toMatchObject({ code: 'download.failed' });
    expect(server?.requests).toHaveLength(1);
  });

  it('longer than it can be is stopped', async () => {
    const data = bytes(200_000);
    const small = { ...entry, sizeBytes: 0 };
    const huge = { body: data, headers: { 'content-length': String(65 * 1024 * 1024) } };
    const service = await gallery(
      { '/SHA256SUMS': listing(data), [`/${name}`]: { ...huge, chunked: true } },
      {},
      [small],
    );
    await expect(service.download('system', quiet())).rejects.toMatchObject({
      code: 'download.failed',
      message: expect.stringContaining('longer'),
    });
  });

  it('takes the newest file of the list, and forgets the part of an older one', async () => {
    const data = bytes(1000);
    const list = `${sha256(bytes(1))}  system-1.9.0-x86.iso\n${sha256(data)}  system-1.10.0-x86.iso\n`;
    const service = await gallery({
      '/SHA256SUMS': { body: new TextEncoder().encode(list) },
      '/system-1.10.0-x86.iso': { body: data },
    });
    await mkdir(join(folder, 'media'));
    await writeFile(join(folder, 'media', 'system-1.9.0-x86.iso.part'), 'old');
    expect((await service.list())[0]).toMatchObject({ partialBytes: 3 });
    expect(await service.download('system', quiet())).toBe(join(folder, 'media', 'system-1.10.0-x86.iso'));
    expect(await inMedia()).toEqual(['system-1.10.0-x86.iso']);
  });

  it('of a list that names nothing fitting says so', async () => {
    const service = await gallery({ '/SHA256SUMS': listing(bytes(1), 'something-else.iso') });
    await expect(service.download('system', quiet())).rejects.toMatchObject({
      code: 'download.failed',
      hint: expect.stringContaining('https://example.org/'),
    });
  });

  it('is not started twice at a time', async () => {
    const data = bytes(100_000);
    const service = await gallery({ '/SHA256SUMS': listing(data), [`/${name}`]: { body: data } });
    const first = service.download('system', quiet());
    const second = service.download('system', quiet());
    const outcomes = await Promise.allSettled([first, second]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'input.invalid' },
    });
  });

  it('of a file whose hash is in the catalogue needs no list', async () => {
    const data = bytes(1000);
    const source = { kind: 'download', url: 'https://example.org/fixed.iso', sha256: sha256(data) };
    const service = await gallery({ '/fixed.iso': { body: data } }, {}, [{ ...entry, source }]);
    expect(await service.download('system', quiet())).toBe(join(folder, 'media', 'fixed.iso'));
    expect((await service.list())[0]?.status).toBe('ready');
  });
});

describe('the list', () => {
  const bundled = { ...entry, id: 'starter', source: { kind: 'bundled', file: 'starter.iso' } };

  it('shows a bundled system when it is there, and says how to get it when not', async () => {
    const service = await gallery({}, {}, [bundled]);
    expect((await service.list())[0]).toMatchObject({
      status: 'unavailable',
      problem: { code: 'gallery.unavailable', hint: expect.stringContaining('npm run resources') },
    });
    await mkdir(join(folder, 'guests'));
    await writeFile(
      join(folder, 'guests', 'starter.unavailable.json'),
      JSON.stringify({ reason: 'There is no apt here.', hint: 'Use Debian.' }),
    );
    expect((await service.list())[0]?.problem).toMatchObject({
      message: 'There is no apt here.',
      hint: 'Use Debian.',
    });
    await expect(service.download('starter', quiet())).rejects.toMatchObject({
      message: 'There is no apt here.',
    });
    const path = join(folder, 'guests', 'starter.iso');
    await writeFile(path, 'image');
    expect((await service.list())[0]).toMatchObject({ status: 'ready', path, problem: null });
    expect(await service.download('starter', quiet())).toBe(path);
  });

  it('opens the page of what cannot be downloaded', async () => {
    const service = await gallery({}, {}, [{ ...entry, source: { kind: 'page' } }]);
    expect((await service.list())[0]).toMatchObject({ status: 'page', path: null });
    expect(await service.pageOf('system')).toBe('https://example.org/');
    await expect(service.download('system', quiet())).rejects.toEqual(coded('gallery.unavailable'));
    await expect(service.pageOf('nothing')).rejects.toEqual(coded('gallery.not-found'));
  });

  it.each([
    ['no JSON', '['],
    ['two of one id', JSON.stringify([entry, entry])],
    ['an address that is not https', JSON.stringify([{ ...entry, homepage: 'http://example.org/' }])],
    [
      'a pattern that could take long',
      JSON.stringify([{ ...entry, source: { ...entry.source, pattern: '(a+)+' } }]),
    ],
  ])('refuses a catalogue with %s', async (_, text) => {
    const service = await gallery({});
    await writeFile(join(folder, 'gallery.json'), text);
    await expect(service.list()).rejects.toEqual(coded('gallery.unavailable'));
    await writeFile(join(folder, 'gallery.json'), JSON.stringify([entry]));
    expect(await service.list()).toHaveLength(1);
  });
});
