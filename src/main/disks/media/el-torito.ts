import { part, type ByteSource } from './byte-source';
import { byte, latin1, le16, le32, plainText } from './bytes';
import { sectorSize } from './iso9660';

/** The boot catalog of a CD image (“El Torito” Bootable CD-ROM Format Specification 1.0, section 2). */

export type BootPlatform = 'bios' | 'uefi' | 'powerpc' | 'mac' | 'other';

export interface BootImage {
  platform: BootPlatform;
  /** What the firmware pretends that the image is. */
  emulation: 'none' | 'floppy' | 'disk';
  /** Position in bytes. */
  start: number;
  /** As long as the catalog says, or as a floppy of its type is. */
  size: number;
}

export interface BootCatalog {
  /** Who made the disc bootable, as the validation entry says. */
  id: string;
  images: BootImage[];
}

const entrySize = 32;
const maxImages = 32;
const platforms: Record<number, BootPlatform> = { 0: 'bios', 1: 'powerpc', 2: 'mac', 0xef: 'uefi' };
/** Media types 1–3 (section 2.2), in bytes. */
const floppySizes: Record<number, number> = { 1: 1_228_800, 2: 1_474_560, 3: 2_949_120 };

/** Reads the catalog in sector `sector`; undefined when what is there is not one. */
export async function readBootCatalog(source: ByteSource, sector: number): Promise<BootCatalog | undefined> {
  const bytes = await source.read(sector * sectorSize, 2 * sectorSize);
  if (byte(bytes, 0) !== 1 || byte(bytes, 30) !== 0x55 || byte(bytes, 31) !== 0xaa) return undefined;
  let sum = 0;
  for (let at = 0; at < entrySize; at += 2) sum = (sum + le16(bytes, at)) & 0xffff;
  if (sum !== 0) return undefined;

  const images: BootImage[] = [];
  let platform = byte(bytes, 1);
  let inSection = 1;
  for (let at = entrySize; at + entrySize <= bytes.length && images.length < maxImages; at += entrySize) {
    const kind = byte(bytes, at);
    if (kind === 0x90 || kind === 0x91) {
      platform = byte(bytes, at + 1);
      inSection = le16(bytes, at + 2);
    } else if (kind === 0x88 && inSection > 0) {
      images.push(readEntry(bytes, at, platform));
      inSection--;
    } else if (kind !== 0x44) {
      // Neither header, bootable entry nor extension: an entry that is not bootable, or the end.
      if (inSection <= 0) break;
      inSection--;
    }
  }
  return { id: plainText(latin1(bytes, 4, 24)), images };
}

function readEntry(bytes: Uint8Array, at: number, platform: number): BootImage {
  const type = byte(bytes, at + 1) & 0x0f;
  return {
    platform: platforms[platform] ?? 'other',
    emulation: type === 0 ? 'none' : type === 4 ? 'disk' : 'floppy',
    start: le32(bytes, at + 8) * sectorSize,
    // The count is in virtual sectors of 512 bytes.
    size: floppySizes[type] ?? le16(bytes, at + 6) * 512,
  };
}

/** The bytes of a boot image, as far as they are there. */
export function bootImageSource(source: ByteSource, image: BootImage): ByteSource {
  return part(source, image.start, image.size);
}
