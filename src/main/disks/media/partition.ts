import type { ByteSource } from './byte-source';
import { byte, latin1, le32, le64, startsWith } from './bytes';
import { hasBootSignature } from './fat';

/** Partition tables: MBR, and GPT (UEFI Specification 2.10, chapter 5). */

export interface Partition {
  /** Position and length in bytes. */
  start: number;
  size: number;
  /** The MBR's type byte; 0 for partitions of a GPT. */
  type: number;
  /** What it is for. */
  content: PartitionContent;
  active: boolean;
}

export type PartitionContent =
  | 'linux'
  | 'fat'
  | 'ntfs'
  | 'bfs'
  | 'freebsd'
  | 'openbsd'
  | 'netbsd'
  | 'efi-system'
  | 'windows-data'
  | 'iso9660'
  | 'other';

export interface PartitionTable {
  scheme: 'mbr' | 'gpt';
  partitions: Partition[];
  /** There is code in the first sector, for a BIOS to run. */
  bootCode: boolean;
}

const sector = 512;
const maxGptEntries = 128;

const mbrContents: Record<number, PartitionContent> = {
  0x01: 'fat',
  0x04: 'fat',
  0x06: 'fat',
  0x07: 'ntfs',
  0x0b: 'fat',
  0x0c: 'fat',
  0x0e: 'fat',
  0x17: 'iso9660',
  0x82: 'linux',
  0x83: 'linux',
  0x8e: 'linux',
  0xa5: 'freebsd',
  0xa6: 'openbsd',
  0xa9: 'netbsd',
  0xcd: 'iso9660',
  0xeb: 'bfs',
  0xef: 'efi-system',
  0xfd: 'linux',
};

const gptContents: Record<string, PartitionContent> = {
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b': 'efi-system',
  '0fc63daf-8483-4772-8e79-3d69d8477de4': 'linux',
  '0657fd6d-a4ab-43c4-84e5-0933c84b4f4f': 'linux',
  'e6d6d379-f507-44c2-a23c-238f2a3df928': 'linux',
  '4f68bce3-e8cd-4db1-96e7-fbcaf984b709': 'linux',
  'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7': 'windows-data',
  'e3c9e316-0b5c-4db8-817d-f92df00215ae': 'windows-data',
  '42465331-3ba3-10f1-802a-4861696b7521': 'bfs',
  '516e7cb6-6ecf-11d6-8ff8-00022d09712b': 'freebsd',
  '516e7cba-6ecf-11d6-8ff8-00022d09712b': 'freebsd',
  '83bd6b9d-7f41-11dc-be0b-001560b84f0f': 'freebsd',
  '824cc7a0-36a8-11e3-890a-952519ad3f61': 'openbsd',
  '49f48d5a-b10e-11dc-b99b-0019d1879648': 'netbsd',
};

/** Reads the table in the first sectors; undefined where there is none. Extended partitions are not followed. */
export async function readPartitions(source: ByteSource): Promise<PartitionTable | undefined> {
  const first = await source.read(0, 2 * sector);
  if (!hasBootSignature(first)) return undefined;
  const bootCode = first.subarray(0, 440).some((value) => value !== 0);
  if (startsWith(first, 'EFI PART', sector)) {
    return { scheme: 'gpt', partitions: await readGpt(source, first.subarray(sector)), bootCode };
  }
  const partitions: Partition[] = [];
  for (let at = 446; at < 510; at += 16) {
    const status = byte(first, at);
    const type = byte(first, at + 4);
    const start = le32(first, at + 8) * sector;
    const size = le32(first, at + 12) * sector;
    // Anything else than these two means that this is code, or a file system's boot sector, not a table.
    if (status !== 0 && status !== 0x80) return undefined;
    if (type === 0 || size === 0) continue;
    partitions.push({ start, size, type, content: mbrContents[type] ?? 'other', active: status === 0x80 });
  }
  return partitions.length === 0 ? undefined : { scheme: 'mbr', partitions, bootCode };
}

async function readGpt(source: ByteSource, header: Uint8Array): Promise<Partition[]> {
  const entrySize = le32(header, 84);
  const count = Math.min(le32(header, 80), maxGptEntries);
  if (entrySize < 128 || entrySize > 4096) return [];
  const table = await source.read(le64(header, 72) * sector, count * entrySize);
  const partitions: Partition[] = [];
  for (let at = 0; at + 128 <= table.length; at += entrySize) {
    const entry = table.subarray(at, at + 128);
    if (entry.subarray(0, 16).every((value) => value === 0)) continue;
    const start = le64(entry, 32) * sector;
    partitions.push({
      start,
      size: Math.max(0, (le64(entry, 40) + 1) * sector - start),
      type: 0,
      content: gptContents[guid(entry)] ?? 'other',
      active: (byte(entry, 48) & 4) !== 0, // legacy BIOS bootable
    });
  }
  return partitions;
}

/** A GUID's first three fields are little-endian. */
function guid(bytes: Uint8Array): string {
  const hex = (...at: number[]): string =>
    at.map((index) => byte(bytes, index).toString(16).padStart(2, '0')).join('');
  return [hex(3, 2, 1, 0), hex(5, 4), hex(7, 6), hex(8, 9), hex(10, 11, 12, 13, 14, 15)].join('-');
}

/** The name of a Be File System volume (its superblock stands 512 bytes in), or undefined where there is none. */
export async function readBfsName(source: ByteSource, start: number): Promise<string | undefined> {
  const superblock = await source.read(start + 512, 64);
  // magic1, 'BFS1' as a little-endian number, follows the 32 bytes of the name.
  if (!startsWith(superblock, '1SFB', 32)) return undefined;
  return latin1(superblock, 0, 32).split('\0')[0] ?? '';
}
