import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure, type ErrorValue, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { GalleryEntry, GalleryItem } from '@shared/gallery/entry';
import { readCatalogue } from './catalogue';
import { isSafeFileName, newestMatch, parseChecksumFile, type HashAlgorithm } from './checksum-file';
import { download, type DownloadOptions } from './download';
import { consume, get, retrying, type Fetch, type HttpOptions } from './http';
import { partialBytes, removePart } from './part-file';

export interface GalleryOptions {
  /** Has `gallery.json` and `guests/` in it. */
  resourcesFolder: string;
  /** Where downloads go. */
  mediaFolder: string;
  fetch?: Fetch;
  /** For tests: downloads from a server on this computer without encryption. */
  allowHttpLoopback?: boolean;
  stallMs?: number;
  retryDelaysMs?: readonly number[];
}

/** What `<name>.unavailable.json` beside a bundled image says when it could not be built. */
const unavailableNote = z.object({ reason: z.string().max(2000), hint: z.string().max(2000).optional() });

/** A file that can be downloaded, with the hash that it must have. */
interface Listed {
  name: string;
  url: string;
  hash: string;
  algorithm: HashAlgorithm;
}

const checksumFileLimit = 1024 * 1024;
/** Sizes in the catalogue are approximate. */
const sizeLimit = (entry: GalleryEntry): number =>
  entry.sizeBytes === null ? 8 * 1024 ** 3 : entry.sizeBytes * 2 + 64 * 1024 * 1024;

/** The systems that a machine can be made from without having an image: what there is, and how it is had. */
export class GalleryService {
  private entries: Promise<GalleryEntry[]> | undefined;
  private readonly busy = new Set<string>();
  private readonly http: HttpOptions;

  constructor(private readonly options: GalleryOptions) {
    this.http = {
      fetch: options.fetch ?? globalThis.fetch,
      allowHttpLoopback: options.allowHttpLoopback ?? false,
      stallMs: options.stallMs ?? 30_000,
      retryDelaysMs: options.retryDelaysMs ?? [1000, 4000, 15_000],
    };
  }

  /** @throws Failure `gallery.unavailable` when the catalogue itself cannot be read */
  async list(): Promise<GalleryItem[]> {
    return Promise.all((await this.catalogue()).map((entry) => this.itemOf(entry)));
  }

  /** The publisher's page. @throws Failure `gallery.not-found` */
  async pageOf(id: string): Promise<string> {
    return (await this.entryOf(id)).homepage;
  }

  /**
   * Makes the image of a system ready, and resolves to its path. At once when it is ready already.
   *
   * @throws Failure `gallery.not-found`, `gallery.unavailable`, `download.failed`, `download.hash-mismatch`,
   *   `file.*`, `cancelled`
   */
  async download(id: string, options: DownloadOptions): Promise<string> {
    const entry = await this.entryOf(id);
    const { source } = entry;
    const item = await this.itemOf(entry);
    if (item.path !== null) return item.path;
    if (item.problem) throw toFailure(item.problem);
    if (source.kind === 'page' || source.kind === 'bundled') {
      throw new Failure('gallery.unavailable', phrase('gallery.pageOnly', { name: entry.name }), {
        hint: phrase('gallery.pageOnlyHint', { page: entry.homepage }),
      });
    }
    if (this.busy.has(id)) throw new Failure('input.invalid', phrase('gallery.busy', { name: entry.name }));
    this.busy.add(id);
    try {
      const { name, url, hash, algorithm } = await this.fileOf(entry, options.signal);
      const target = join(this.options.mediaFolder, name);
      await download({
        ...options,
        url,
        target,
        hash,
        algorithm,
        limit: sizeLimit(entry),
        http: this.http,
      });
      await this.removeOtherParts(entry);
      return target;
    } finally {
      this.busy.delete(id);
    }
  }

  private async catalogue(): Promise<GalleryEntry[]> {
    this.entries ??= readCatalogue(join(this.options.resourcesFolder, 'gallery.json'));
    try {
      return await this.entries;
    } catch (error) {
      this.entries = undefined; // it may be there the next time
      throw error;
    }
  }

  private async entryOf(id: string): Promise<GalleryEntry> {
    const entry = (await this.catalogue()).find((candidate) => candidate.id === id);
    if (!entry) throw new Failure('gallery.not-found', phrase('gallery.noSystem', { id }));
    return entry;
  }

  private async itemOf(entry: GalleryEntry): Promise<GalleryItem> {
    const nothing = { entry, path: null, partialBytes: 0, problem: null };
    const { source } = entry;
    if (source.kind === 'page') return { ...nothing, status: 'page' };
    if (source.kind === 'bundled') {
      const path = join(this.options.resourcesFolder, 'guests', source.file);
      if (await isFile(path)) return { ...nothing, status: 'ready', path };
      return { ...nothing, status: 'unavailable', problem: await this.whyMissing(entry, source.file) };
    }
    const names = await this.downloaded();
    const name = this.newestOf(entry, names);
    if (name !== undefined) {
      return { ...nothing, status: 'ready', path: join(this.options.mediaFolder, name) };
    }
    const parts = names
      .filter((file) => file.endsWith('.part'))
      .map((file) => file.slice(0, -'.part'.length));
    const part = this.newestOf(entry, parts);
    const target = part === undefined ? undefined : join(this.options.mediaFolder, part);
    return {
      ...nothing,
      status: 'downloadable',
      partialBytes: target === undefined ? 0 : await partialBytes(target),
    };
  }

  /** Files in the folder of downloads; none where it does not exist yet. */
  private async downloaded(): Promise<string[]> {
    try {
      const found = await readdir(this.options.mediaFolder, { withFileTypes: true });
      return found.filter((file) => file.isFile()).map(({ name }) => name);
    } catch {
      return [];
    }
  }

  /** Of `names`, the one that is this entry's image. */
  private newestOf({ source }: GalleryEntry, names: string[]): string | undefined {
    if (source.kind === 'download-listed') return newestMatch(names, source.pattern);
    if (source.kind !== 'download') return undefined;
    const name = lastPart(source.url);
    return names.includes(name) ? name : undefined;
  }

  private async whyMissing(entry: GalleryEntry, file: string): Promise<ErrorValue> {
    const note = file.replace(/\.[^.]*$/, '.unavailable.json');
    const said = await readNote(join(this.options.resourcesFolder, 'guests', note));
    return {
      code: 'gallery.unavailable',
      message: said?.reason ?? `${entry.name} has not been built on this computer.`,
      hint:
        said?.hint ??
        'Run “npm run resources” in the program’s folder; on Debian and Ubuntu that is all it takes.',
    };
  }

  /** Which file to download, from where, and what its hash must be. */
  private async fileOf(entry: GalleryEntry, signal: AbortSignal): Promise<Listed> {
    const { source } = entry;
    if (source.kind === 'download') {
      return { name: lastPart(source.url), url: source.url, hash: source.sha256, algorithm: 'sha256' };
    }
    if (source.kind !== 'download-listed')
      throw new Failure('gallery.unavailable', phrase('gallery.noDownload', { name: entry.name }));
    const { checksums, pattern, algorithm } = source;
    const hashes = parseChecksumFile(await this.fetchText(checksums, signal), algorithm);
    const name = newestMatch(hashes.keys(), pattern);
    const hash = name === undefined ? undefined : hashes.get(name);
    if (name === undefined || hash === undefined) {
      throw new Failure('download.failed', phrase('gallery.notNamed', { url: checksums }), {
        hint: phrase('gallery.notNamedHint', { page: entry.homepage }),
      });
    }
    return { name, url: new URL(name, checksums).href, hash, algorithm };
  }

  private fetchText(url: string, signal: AbortSignal): Promise<string> {
    return retrying(lastPart(url), this.http, signal, async (attemptSignal, alive) => {
      const response = await get(url, {}, this.http, attemptSignal);
      const chunks: Uint8Array[] = [];
      let length = 0;
      await consume(response, attemptSignal, async (chunk) => {
        alive();
        length += chunk.length;
        if (length > checksumFileLimit)
          throw new Failure('download.failed', phrase('gallery.noList', { url }));
        chunks.push(chunk);
      });
      return Buffer.concat(chunks).toString('utf8');
    });
  }

  /** A part of an older version is of no use once the newer one is there. */
  private async removeOtherParts(entry: GalleryEntry): Promise<void> {
    const { source } = entry;
    if (source.kind !== 'download-listed') return;
    for (const file of await this.downloaded()) {
      const name = file.endsWith('.part') ? file.slice(0, -'.part'.length) : '';
      if (newestMatch([name], source.pattern) !== undefined) {
        await removePart(join(this.options.mediaFolder, name));
      }
    }
  }
}

function lastPart(url: string): string {
  const name = new URL(url).pathname.split('/').at(-1) ?? '';
  if (!isSafeFileName(name)) throw new Failure('gallery.unavailable', phrase('gallery.noFileName', { url }));
  return name;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function readNote(path: string): Promise<z.infer<typeof unavailableNote> | undefined> {
  try {
    return unavailableNote.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined; // nothing was noted
  }
}
