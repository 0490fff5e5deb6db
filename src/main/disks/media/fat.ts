import { part, type ByteSource } from './byte-source';
import { byte, latin1, le16, le32, plainText, startsWith } from './bytes';

/** FAT12 and FAT16 boot sectors and root directories (Microsoft FAT specification 1.03). */

export interface FatVolume {
  /** The program that formatted it, e.g. `MSDOS5.0`. */
  oemName: string;
  label: string;
  /** Bytes, as the boot sector says. */
  size: number;
  /** Names in the root directory; none for FAT32, whose root is not in a fixed place. */
  files: FatFile[];
}

export interface FatFile {
  /** Upper case, `KERNEL.SYS`. */
  name: string;
  directory: boolean;
  /** Position and length in bytes; the contents are taken to be in one piece. */
  start: number;
  size: number;
}

const maxRootEntries = 512;
const entrySize = 32;

/** Reads a FAT volume's outline; undefined when the parameters of the boot sector make no sense. */
export async function readFat(source: ByteSource): Promise<FatVolume | undefined> {
  const sector = await source.read(0, 512);
  if (sector.length < 512) return undefined;
  const sectorBytes = le16(sector, 11);
  const clusterSectors = byte(sector, 13);
  const reserved = le16(sector, 14);
  const fats = byte(sector, 16);
  const rootEntries = le16(sector, 17);
  const fatSectors = le16(sector, 22);
  const sectors = le16(sector, 19) || le32(sector, 32);
  const powerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;
  const sound =
    powerOfTwo(sectorBytes) &&
    sectorBytes >= 512 &&
    sectorBytes <= 4096 &&
    powerOfTwo(clusterSectors) &&
    reserved > 0 &&
    (fats === 1 || fats === 2) &&
    sectors > 0 &&
    byte(sector, 21) >= 0xf0;
  if (!sound) return undefined;

  const fat32 = fatSectors === 0;
  const rootStart = (reserved + fats * fatSectors) * sectorBytes;
  const dataStart = rootStart + Math.ceil((rootEntries * entrySize) / sectorBytes) * sectorBytes;
  const clusterBytes = clusterSectors * sectorBytes;
  const root = fat32
    ? new Uint8Array(0)
    : await source.read(rootStart, Math.min(rootEntries, maxRootEntries) * entrySize);
  const labelAt = fat32 ? 71 : 43;
  // 0x29 says that the three fields of the extended boot record are there.
  const label = byte(sector, labelAt - 5) === 0x29 ? plainText(latin1(sector, labelAt, 11)) : '';
  return {
    oemName: plainText(latin1(sector, 3, 8)),
    label: label === 'NO NAME' ? '' : label,
    size: sectors * sectorBytes,
    files: readRoot(root, (cluster) => dataStart + (cluster - 2) * clusterBytes),
  };
}

function readRoot(root: Uint8Array, positionOf: (cluster: number) => number): FatFile[] {
  const files: FatFile[] = [];
  for (let at = 0; at + entrySize <= root.length; at += entrySize) {
    const first = byte(root, at);
    if (first === 0) break;
    const attributes = byte(root, at + 11);
    // Deleted, or a volume label, which long names pretend to be too.
    if (first === 0xe5 || (attributes & 0x08) !== 0) continue;
    const base = latin1(root, at, 8).trimEnd();
    const extension = latin1(root, at + 8, 3).trimEnd();
    files.push({
      name: (extension === '' ? base : `${base}.${extension}`).toUpperCase(),
      directory: (attributes & 0x10) !== 0,
      start: positionOf(le16(root, at + 26)),
      size: le32(root, at + 28),
    });
  }
  return files;
}

export function fatFileContents(source: ByteSource, file: FatFile): ByteSource {
  return part(source, file.start, file.size);
}

/** Whether the first sector ends with the signature that a BIOS wants to see, and begins with a jump or code. */
export function hasBootSignature(sector: Uint8Array): boolean {
  return startsWith(sector, '\x55\xaa', 510);
}

/**
 * Whether a boot sector is one of those that only print a message: it says so itself, or the system file that it
 * looks for (`IO      SYS`) is not in the root directory.
 */
export function onlyPrintsMessage(sector: Uint8Array, volume: FatVolume): boolean {
  const text = latin1(sector, 0, 510);
  if (/not (a )?bootable|no operating system/i.test(text)) return true;
  const wanted: string[] = [];
  for (let at = 0; at + 11 <= text.length; at++) {
    const [, base, extension] = /^([A-Z0-9]+) *(SYS|COM|BIN|MNT)$/.exec(text.slice(at, at + 11)) ?? [];
    if (base !== undefined && base.length <= 8) wanted.push(`${base}.${extension}`);
  }
  return wanted.length > 0 && !wanted.some((name) => volume.files.some((file) => file.name === name));
}
