import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { HostFile } from './host-file';

/** Formats that the driver opens. */
export type DiskFormat = 'qcow2' | 'raw';

interface Signature {
  format: string;
  /** Name of the format for `qemu-img convert -f`. */
  qemuName: string;
  /** From the start of the file, or from its end if negative. */
  at: number;
  bytes: number[];
}

const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];

/** Formats of other programs, told apart by the bytes that their specifications fix. */
const foreign: Signature[] = [
  { format: 'VMDK', qemuName: 'vmdk', at: 0, bytes: ascii('KDMV') },
  { format: 'VMDK', qemuName: 'vmdk', at: 0, bytes: ascii('COWD') },
  { format: 'VMDK', qemuName: 'vmdk', at: 0, bytes: ascii('# Disk DescriptorFile') },
  { format: 'VDI', qemuName: 'vdi', at: 64, bytes: [0x7f, 0x10, 0xda, 0xbe] },
  { format: 'VHDX', qemuName: 'vhdx', at: 0, bytes: ascii('vhdxfile') },
  { format: 'VHD', qemuName: 'vpc', at: 0, bytes: ascii('conectix') },
  { format: 'VHD', qemuName: 'vpc', at: -512, bytes: ascii('conectix') },
  { format: 'QED', qemuName: 'qed', at: 0, bytes: ascii('QED\0') },
  { format: 'Parallels', qemuName: 'parallels', at: 0, bytes: ascii('WithoutFreeSpace') },
  { format: 'Parallels', qemuName: 'parallels', at: 0, bytes: ascii('WithouFreSpacExt') },
  { format: 'DMG', qemuName: 'dmg', at: -512, bytes: ascii('koly') },
];

const qcow2Signature = [0x51, 0x46, 0x49, 0xfb];

/** A format of another program. */
export interface ForeignFormat {
  /** For people. */
  format: string;
  /** Name of the format for QEMU's tools. */
  qemuName: string;
}

/** The format of another program that an image has; undefined for qcow2, raw and what nobody knows. */
export async function foreignFormat(file: HostFile): Promise<ForeignFormat | undefined> {
  const head = new Uint8Array(512);
  const tail = new Uint8Array(512);
  const size = await file.size();
  await file.read(head, 0);
  if (startsWith(head, qcow2Signature)) return undefined;
  if (size >= 512) await file.read(tail, size - 512);
  return foreign.find(({ at, bytes }) =>
    at < 0 ? startsWith(tail, bytes) : startsWith(head.subarray(at), bytes),
  );
}

/**
 * Tells the format of an image from its contents: qcow2 by its magic, anything unknown is raw.
 *
 * @throws Failure `disk.unsupported` for the formats of other programs, with the command that converts them
 */
export async function detectFormat(file: HostFile): Promise<DiskFormat> {
  const found = await foreignFormat(file);
  if (!found) {
    const head = new Uint8Array(qcow2Signature.length);
    await file.read(head, 0);
    return startsWith(head, qcow2Signature) ? 'qcow2' : 'raw';
  }
  throw new Failure('disk.unsupported', phrase('image.foreign', { path: file.path, format: found.format }), {
    hint: phrase('image.foreignHint', { format: found.qemuName }),
  });
}

function startsWith(data: Uint8Array, bytes: number[]): boolean {
  return bytes.every((byte, index) => data[index] === byte);
}
