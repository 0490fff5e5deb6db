import type { ByteSource } from './byte-source';
import { be32, be64, byte, latin1, le16, le32, le64, startsWith } from './bytes';
import { type Phrase, phrase } from '@shared/phrases/phrase';

/** Disk image formats with a header of their own, and files that hold an image but are none. */

export interface DiskContainer {
  format: 'qcow2' | 'vmdk' | 'vdi' | 'vhd' | 'vhdx';
  /** What people call it. */
  title: string;
  /** Bytes that the guest sees, where the header says. */
  virtualSize?: number;
}

export async function readDiskContainer(
  source: ByteSource,
  head: Uint8Array,
): Promise<DiskContainer | undefined> {
  if (startsWith(head, 'QFI\xfb') && (be32(head, 4) === 2 || be32(head, 4) === 3)) {
    return { format: 'qcow2', title: 'qcow2', virtualSize: saneSize(be64(head, 24)) };
  }
  if (startsWith(head, 'KDMV')) {
    return { format: 'vmdk', title: 'VMware disk (VMDK)', virtualSize: saneSize(le64(head, 12) * 512) };
  }
  if (/^# Disk DescriptorFile\r?\n/i.test(latin1(head, 0, 64))) {
    return { format: 'vmdk', title: 'VMware disk description (VMDK)' };
  }
  if (le32(head, 0x40) === 0xbeda107f) {
    return {
      format: 'vdi',
      title: 'VirtualBox disk (VDI)',
      virtualSize: saneSize(le64(head, 0x170)),
    };
  }
  if (startsWith(head, 'vhdxfile')) return { format: 'vhdx', title: 'Hyper-V disk (VHDX)' };
  // A dynamic VHD has its footer at both ends, a fixed one only at the end.
  if (startsWith(head, 'conectix')) return vhd(head);
  const footer = await source.read(source.size - 512, 512);
  return source.size >= 1024 && startsWith(footer, 'conectix') ? vhd(footer) : undefined;
}

function vhd(footer: Uint8Array): DiskContainer {
  return { format: 'vhd', title: 'Virtual PC disk (VHD)', virtualSize: saneSize(be64(footer, 48)) };
}

function saneSize(bytes: number): number | undefined {
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** What has to be undone before the image inside can be used; undefined for anything else. */
export function wrapping(head: Uint8Array): { title: string; hint: string | Phrase } | undefined {
  const archive = archives.find(({ signature, at = 0 }) => startsWith(head, signature, at));
  if (archive) {
    return {
      title: archive.title,
      hint: phrase('problem.archiveHint'),
    };
  }
  // Sectors as they are on the disc, with their synchronisation pattern (ECMA-130, 14.1).
  if (startsWith(head, '\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0') && byte(head, 15) <= 2) {
    return {
      title: 'raw CD sectors (BIN)',
      hint: 'Convert it to an ISO image first, for example with “bchunk” or “ccd2iso”.',
    };
  }
  return undefined;
}

const archives: { signature: string; at?: number; title: string }[] = [
  { signature: 'PK\x03\x04', title: 'ZIP archive' },
  { signature: '7z\xbc\xaf\x27\x1c', title: '7-Zip archive' },
  { signature: 'Rar!\x1a\x07', title: 'RAR archive' },
  { signature: '\x1f\x8b\x08', title: 'gzip archive' },
  { signature: 'BZh', title: 'bzip2 archive' },
  { signature: '\xfd7zXZ\0', title: 'xz archive' },
  { signature: '\x28\xb5\x2f\xfd', title: 'Zstandard archive' },
  { signature: 'ustar', at: 257, title: 'tar archive' },
];

/** Whether a file system without a partition table begins here, and which. */
export function bareFileSystem(head: Uint8Array): { title: string } | undefined {
  if (le16(head, 1024 + 56) === 0xef53) return { title: 'ext2/3/4 file system' };
  if (startsWith(head, 'NTFS    ', 3)) return { title: 'NTFS file system' };
  if (startsWith(head, 'XFSB')) return { title: 'XFS file system' };
  if (startsWith(head, '_BHRfS_M', 0x10040)) return { title: 'Btrfs file system' };
  return undefined;
}
