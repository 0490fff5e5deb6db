import { hash, randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../platform/sync-folder';
import { hostFailure } from '../host-file';
import { bestCodec, type Codec } from '../saved-state/codec';
import { formatVersions } from '../saved-state/format';
import { beginImage, type ImageWriter, type SavedStateIdentity } from '../saved-state/writer';
import { type CreateFile, createWholeFile, type NewFile } from '../whole-file';
import { Cutter, longest } from './cutter';
import { type ChunkKey, encodeChunkEntry, packFolderOf } from './pack-format';
import { Pack } from './pack';
import { PackWriter } from './pack-writer';
import { packNames } from './packs';
import { encodeListEnd } from './shared-list';

/** The list is written in parts of about this length, in bytes. */
const partLength = 256 * 1024;

/** What an image may share: which pack has which chunk. */
type Known = Map<ChunkKey, string>;

/**
 * Writes the memory image of a snapshot: only what no other one of the machine has. The chunks reach the disk before
 * the list that names them; a process that dies in between leaves a pack that nobody uses, never a hole.
 * Keeps two frames, one MiB of the stream, and 100 bytes for each chunk in memory.
 */
export class SharedImageWriter implements ImageWriter {
  readonly #cutter = new Cutter();
  readonly #packName = `${randomBytes(12).toString('hex')}.pack`;
  readonly #used = new Set<string>();
  #pack: PackWriter | undefined;
  #entries: Buffer[] = [];
  #entriesLength = 0;
  #chunks = 0;
  #total = 0;

  private constructor(
    private readonly folder: string,
    private readonly file: NewFile,
    private readonly codec: Codec,
    private readonly known: Known,
    private readonly create: CreateFile,
  ) {}

  /** @param path `snapshots/<id>/memory.viv` in a machine's folder. @throws Failure */
  static async create(
    path: string,
    identity: SavedStateIdentity,
    options: { codec?: Codec; create?: CreateFile } = {},
  ): Promise<SharedImageWriter> {
    const { codec = await bestCodec(), create = createWholeFile } = options;
    const folder = packFolderOf(path);
    await makeFolder(folder);
    const known = await knownChunks(folder);
    const file = await create(path);
    try {
      await beginImage(file, formatVersions.shared, { ...identity, codec: codec.name, chunkSize: longest });
    } catch (error) {
      await file.abort();
      throw error;
    }
    return new SharedImageWriter(folder, file, codec, known, create);
  }

  async write(data: Uint8Array): Promise<void> {
    for (const chunk of this.#cutter.cut(data)) await this.#take(chunk);
  }

  /** Completes the image and gives it its name. */
  async finish(): Promise<void> {
    const rest = this.#cutter.rest();
    if (rest.length > 0) await this.#take(rest);
    await this.#pack?.finish();
    await this.#writeEntries();
    await this.file.append(encodeListEnd([...this.#used].sort(), this.#chunks, this.#total));
    await this.file.append(this.file.digest());
    await this.file.finish();
  }

  /** Throws away what has been written; precondition: `finish` has not resolved. */
  async abort(): Promise<void> {
    try {
      await this.#pack?.abort();
      // It may be complete already; then it is nobody's.
      await rm(join(this.folder, this.#packName), { force: true });
    } finally {
      await this.file.abort();
    }
  }

  async #take(chunk: Uint8Array): Promise<void> {
    const key = hash('sha256', chunk, 'binary');
    let pack = this.known.get(key);
    if (pack === undefined) {
      pack = this.#packName;
      this.#pack ??= await PackWriter.create(join(this.folder, pack), this.codec, this.create);
      this.known.set(key, pack);
      await this.#pack.add(key, chunk);
    }
    this.#used.add(pack);
    this.#entries.push(encodeChunkEntry(key, chunk.length));
    this.#entriesLength += this.#entries.at(-1)?.length ?? 0;
    this.#chunks++;
    this.#total += chunk.length;
    if (this.#entriesLength >= partLength) await this.#writeEntries();
  }

  async #writeEntries(): Promise<void> {
    await this.file.append(Buffer.concat(this.#entries));
    this.#entries = [];
    this.#entriesLength = 0;
  }
}

/** What the packs of a machine have. One that cannot be read is not built upon: `verifyMemory` tells of it. */
async function knownChunks(folder: string): Promise<Known> {
  const known: Known = new Map();
  for (const name of await packNames(folder)) {
    let pack: Pack;
    try {
      pack = await Pack.open(join(folder, name));
    } catch {
      continue;
    }
    for (const { chunks } of pack.frames) for (const { key } of chunks) known.set(key, name);
    await pack.close();
  }
  return known;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined)
      await syncFolder(dirname(folder));
  } catch (error) {
    throw hostFailure(error, 'create', folder);
  }
}
