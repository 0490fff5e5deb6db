import type { BlockDevice } from './block-device';

/** How far the partition table of a disk, and what it describes, reach. */
export interface PartitionTableExtent {
  table: 'GPT' | 'MBR';
  /** Bytes from the beginning of the disk; what is beyond belongs to no partition. */
  end: number;
}

/** Disks of both kinds exist: the place of a GPT tells which one this is. */
const sectorSizes = [512, 4096];
const gptSignature = 'EFI PART';
const mbrEntries = [446, 462, 478, 494];

/**
 * Finds the end of what a disk's partition table describes: of a GPT (UEFI specification, section 5.3.2) with its
 * backup header, or of the four primary partitions of an MBR. Undefined without one. The contents are a guest's, so
 * that the end may be any number.
 *
 * @throws Failure what the disk's `read` does
 */
export async function partitionTableExtent(disk: BlockDevice): Promise<PartitionTableExtent | undefined> {
  const bytes = await disk.read(0, Math.min(disk.size, 8192));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const sectorSize of sectorSizes) {
    if (bytes.length < sectorSize + 512) continue;
    const signature = String.fromCharCode(...bytes.subarray(sectorSize, sectorSize + gptSignature.length));
    if (signature !== gptSignature) continue;
    const backupHeader = Number(view.getBigUint64(sectorSize + 32, true));
    const lastUsable = Number(view.getBigUint64(sectorSize + 48, true));
    return { table: 'GPT', end: (Math.max(backupHeader, lastUsable) + 1) * sectorSize };
  }
  return mbrExtent(view);
}

function mbrExtent(view: DataView): PartitionTableExtent | undefined {
  if (view.byteLength < 512 || view.getUint16(510, true) !== 0xaa55) return undefined;
  // A boot sector of a file system ends with the same mark; where entries would be it has code or nothing.
  if (mbrEntries.some((entry) => (view.getUint8(entry) & 0x7f) !== 0)) return undefined;
  const used = mbrEntries.filter((entry) => view.getUint8(entry + 4) !== 0);
  if (used.length === 0) return undefined;
  const ends = used.map((entry) => view.getUint32(entry + 8, true) + view.getUint32(entry + 12, true));
  return { table: 'MBR', end: Math.max(...ends) * 512 };
}
