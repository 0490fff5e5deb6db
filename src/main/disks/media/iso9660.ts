import { part, type ByteSource } from './byte-source';
import { byte, latin1, le16, le32, plainText, startsWith, utf8 } from './bytes';

/** ISO 9660 (ECMA-119) with Rock Ridge names (IEEE P1282), as much as it takes to find a file by its path. */

export const sectorSize = 2048;
/** The volume descriptors begin here (ECMA-119, 6.2.1). */
const firstDescriptor = 16;
/** Real images have fewer than ten. */
const maxDescriptors = 32;
const maxDirectoryBytes = 256 * 1024;
const maxEntries = 2000;
const maxDepth = 8;

export interface IsoEntry {
  name: string;
  directory: boolean;
  /** Position and length in bytes. */
  start: number;
  size: number;
}

/** What the descriptors at the beginning say. Sizes in bytes. */
export interface IsoDescriptors {
  /** Of the primary volume descriptor; absent on images that are UDF only. */
  volume?: IsoVolume;
  /** Sector of the El Torito boot catalog. */
  bootCatalog?: number;
  /** A UDF file system is announced (ECMA-167, part 3). */
  udf: boolean;
}

export interface IsoVolume {
  volumeId: string;
  systemId: string;
  publisher: string;
  application: string;
  /** How long the volume says it is. */
  size: number;
  root: IsoEntry;
}

/** Reads the volume descriptors; undefined where there are none. */
export async function readDescriptors(source: ByteSource): Promise<IsoDescriptors | undefined> {
  const found: IsoDescriptors = { udf: false };
  const bytes = await source.read(firstDescriptor * sectorSize, maxDescriptors * sectorSize);
  for (let at = 0; at + 7 <= bytes.length; at += sectorSize) {
    const id = latin1(bytes, at + 1, 5);
    if (id === 'NSR02' || id === 'NSR03') found.udf = true;
    else if (id === 'CD001') {
      const sector = bytes.subarray(at, at + sectorSize);
      const type = byte(sector, 0);
      if (type === 1) found.volume ??= readPrimary(sector);
      else if (type === 0 && startsWith(sector, 'EL TORITO SPECIFICATION', 7)) {
        found.bootCatalog ??= le32(sector, 0x47);
      }
    } else if (id !== 'BEA01' && id !== 'TEA01') break;
  }
  return found.volume || found.udf ? found : undefined;
}

function readPrimary(sector: Uint8Array): IsoVolume | undefined {
  if (sector.length < 882) return undefined;
  const field = (at: number, length: number): string => plainText(latin1(sector, at, length));
  const root = readRecord(sector.subarray(156, 190), 0);
  const blockSize = le16(sector, 128) || sectorSize;
  return {
    systemId: field(8, 32),
    volumeId: field(40, 32),
    publisher: field(318, 128),
    application: field(574, 128),
    size: le32(sector, 80) * blockSize,
    root: { name: '/', directory: true, start: root.extent * sectorSize, size: root.size },
  };
}

/** The fixed part of a directory record (ECMA-119, 9.1). */
function readRecord(bytes: Uint8Array, at: number) {
  return {
    length: byte(bytes, at),
    extent: le32(bytes, at + 2) + byte(bytes, at + 1),
    size: le32(bytes, at + 10),
    flags: byte(bytes, at + 25),
    nameLength: byte(bytes, at + 32),
  };
}

/** Finds files by path, comparing names without regard to case. Directories are read at most once. */
export class IsoFileSystem {
  private readonly directories = new Map<number, Promise<IsoEntry[]>>();

  constructor(
    private readonly source: ByteSource,
    private readonly volume: IsoVolume,
  ) {}

  /** The entries of a directory, or none where there is no such directory. */
  async list(path: string): Promise<IsoEntry[]> {
    const entry = await this.find(path);
    return entry?.directory ? this.entries(entry) : [];
  }

  /** `path` like `/boot/vmlinuz`. */
  async find(path: string): Promise<IsoEntry | undefined> {
    const names = path.split('/').filter((name) => name !== '');
    if (names.length > maxDepth) return undefined;
    let entry: IsoEntry = this.volume.root;
    for (const name of names) {
      if (!entry.directory) return undefined;
      const wanted = isoName(name);
      const next = (await this.entries(entry)).find((candidate) => isoName(candidate.name) === wanted);
      if (!next) return undefined;
      entry = next;
    }
    return entry;
  }

  /** The first `max` bytes of a file as text, or undefined where there is no such file. */
  async readText(path: string, max = 4096): Promise<string | undefined> {
    const entry = await this.find(path);
    if (!entry || entry.directory) return undefined;
    return utf8(await this.source.read(entry.start, Math.min(entry.size, max)));
  }

  contents(entry: IsoEntry): ByteSource {
    return part(this.source, entry.start, entry.size);
  }

  private entries(directory: IsoEntry): Promise<IsoEntry[]> {
    let entries = this.directories.get(directory.start);
    if (!entries) {
      entries = this.readDirectory(directory);
      this.directories.set(directory.start, entries);
    }
    return entries;
  }

  private async readDirectory(directory: IsoEntry): Promise<IsoEntry[]> {
    const bytes = await this.source.read(directory.start, Math.min(directory.size, maxDirectoryBytes));
    const entries: IsoEntry[] = [];
    for (let at = 0; at + 34 <= bytes.length && entries.length < maxEntries;) {
      const record = readRecord(bytes, at);
      if (record.length === 0) {
        // Records do not cross sectors; the rest of this one is filling.
        at = (Math.floor(at / sectorSize) + 1) * sectorSize;
        continue;
      }
      if (record.length < 34 || at + record.length > bytes.length) break;
      const name = latin1(bytes, at + 33, Math.min(record.nameLength, record.length - 33));
      if (name !== '\0' && name !== '\x01') {
        const extra = 33 + record.nameLength + (record.nameLength % 2 === 0 ? 1 : 0);
        const real = await this.rockRidgeName(bytes.subarray(at + extra, at + record.length));
        entries.push({
          name: real ?? name,
          directory: (record.flags & 2) !== 0,
          start: record.extent * sectorSize,
          size: record.size,
        });
      }
      at += record.length;
    }
    return entries;
  }

  /** The NM entries of a system use area, following one continuation (SUSP, 5.1; RRIP, 4.1.4). */
  private async rockRidgeName(area: Uint8Array): Promise<string | undefined> {
    const first = nameParts(area);
    if (first.done || !first.continuation) return first.name;
    const { block, offset, length } = first.continuation;
    const more = nameParts(
      await this.source.read(block * sectorSize + offset, Math.min(length, sectorSize)),
    ).name;
    return more === undefined ? first.name : (first.name ?? '') + more;
  }
}

function nameParts(area: Uint8Array) {
  let name: string | undefined;
  let done = false;
  let continuation: { block: number; offset: number; length: number } | undefined;
  for (let at = 0; at + 4 <= area.length;) {
    const length = byte(area, at + 2);
    if (length < 4 || at + length > area.length) break;
    const signature = latin1(area, at, 2);
    if (signature === 'NM' && length >= 5) {
      name = (name ?? '') + utf8(area.subarray(at + 5, at + length));
      // Bit 0: the name goes on in the next NM entry.
      done = (byte(area, at + 4) & 1) === 0;
    } else if (signature === 'CE' && length >= 28) {
      continuation = { block: le32(area, at + 4), offset: le32(area, at + 12), length: le32(area, at + 20) };
    } else if (signature === 'ST') break;
    at += length;
  }
  return { name, done, continuation };
}

/**
 * One spelling for a name: lower case, without version number and final dot. A leading dot counts as the
 * underscore that mastering programs put for it where only plain names are stored.
 */
function isoName(name: string): string {
  return name.toLowerCase().replace(/;\d+$/, '').replace(/\.$/, '').replace(/^\./, '_');
}
