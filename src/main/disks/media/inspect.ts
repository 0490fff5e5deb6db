import { basename } from 'node:path';
import { Failure } from '@shared/errors';
import type { MediumReport } from '@shared/media/report';
import { phrase } from '@shared/phrases/phrase';
import { type ByteSource, openSource, withBudget } from './byte-source';
import { lookIntoCdrom } from './cdrom';
import { bareFileSystem, readDiskContainer, wrapping } from './containers';
import { hasBootSignature, onlyPrintsMessage, type FatVolume } from './fat';
import { lookIntoFat } from './fat-findings';
import { Findings } from './findings';
import { floppyFormat, largestFloppy } from './floppy';
import { readDescriptors } from './iso9660';
import { noteKernel } from './kernel-findings';
import { readBfsName, readPartitions, type PartitionContent } from './partition';
import { recognise } from './recognise';

/** Enough for the first descriptors of everything that is recognised by its beginning. */
const headBytes = 68 * 1024;

/**
 * Says what an image file is, from its bytes only. Reads a bounded amount whatever the file says about itself, and
 * takes every byte of it for hostile.
 *
 * @throws Failure `file.not-found`, `file.denied`, `file.not-a-file`, `file.io`, `medium.empty`
 */
export async function inspectMedium(path: string): Promise<MediumReport> {
  const source = await openSource(path);
  try {
    if (source.size === 0) {
      throw new Failure('medium.empty', phrase('problem.emptyImage', { path }), {
        hint: phrase('problem.emptyImageHint'),
      });
    }
    return { path, ...(await inspectSource(source, basename(path))) };
  } finally {
    await source.close();
  }
}

/** The same for bytes from anywhere. */
export async function inspectSource(
  bytes: ByteSource,
  fileName: string,
): Promise<Omit<MediumReport, 'path'>> {
  const source = withBudget(bytes);
  const found = new Findings();
  await found.look(() => lookAt(source, found));
  const { kind, facts } = found;
  const judged = recognise(facts);
  const bits = found.bits.size > 0 ? [...found.bits].sort() : judged.bits === undefined ? [] : [judged.bits];
  const bootable = kind === 'kernel' || opaque(found) || found.firmware.size > 0;
  if (!bootable && kind !== 'unknown') found.warn(notBootable(kind));
  return {
    fileName,
    size: source.size,
    kind,
    ...(found.format === undefined ? {} : { format: found.format }),
    ...(found.virtualSize === undefined ? {} : { virtualSize: found.virtualSize }),
    bootable,
    ...(found.firmware.size === 0 ? {} : { firmware: [...found.firmware] }),
    ...(judged.title === undefined ? {} : { title: judged.title }),
    ...(facts.volumeId === '' ? {} : { volumeId: facts.volumeId }),
    guest: judged.guest,
    architecture: architectureOf(found.architectures, judged.architecture),
    kernelBits: bits,
    evidence: found.evidence,
    warnings: found.warnings,
  };
}

/** Whether it is a disk whose contents are not looked into. */
function opaque({ kind, format }: Findings): boolean {
  return kind === 'disk' && format !== 'raw';
}

/** With kernels for several processors, the 32-bit PC stands for them: it is what runs everywhere. */
function architectureOf(
  found: ReadonlySet<MediumReport['architecture']>,
  otherwise: MediumReport['architecture'],
): MediumReport['architecture'] {
  if (found.has('i386')) return 'i386';
  const [first] = found;
  return first ?? otherwise;
}

function notBootable(kind: MediumReport['kind']): Failure {
  return new Failure(
    'medium.not-bootable',
    phrase('medium.notBootable', {
      what: phrase(kind === 'cdrom' || kind === 'floppy' ? `medium.${kind}` : 'medium.disk'),
    }),
    {
      hint: kind === 'disk' ? phrase('medium.dataDiskHint') : phrase('medium.insertHint'),
    },
  );
}

async function lookAt(source: ByteSource, found: Findings): Promise<void> {
  const head = await source.read(0, headBytes);
  const container = await readDiskContainer(source, head);
  if (container) {
    found.kind = 'disk';
    found.format = container.format;
    found.virtualSize = container.virtualSize;
    found.evidence.push(container.title);
    return;
  }
  const wrapped = wrapping(head);
  if (wrapped) {
    found.evidence.push(wrapped.title);
    found.warn(
      new Failure('disk.unknown-format', phrase('medium.wrapped', { format: wrapped.title }), {
        hint: wrapped.hint,
      }),
    );
    return;
  }
  const descriptors = await readDescriptors(source);
  if (descriptors) {
    await lookIntoCdrom(source, descriptors, found);
    return;
  }
  if (await noteKernel(source, 'the file itself', found)) {
    found.kind = 'kernel';
    return;
  }
  if (await lookForFloppy(source, head, found)) return;
  await lookForDisk(source, head, found);
}

async function lookForFloppy(source: ByteSource, head: Uint8Array, found: Findings): Promise<boolean> {
  const format = floppyFormat(source.size);
  if (format === undefined && (source.size > largestFloppy || !hasBootSignature(head))) return false;
  // A small disk image with a partition table is a disk all the same.
  if (format === undefined && (await readPartitions(source))) return false;
  found.kind = 'floppy';
  if (format !== undefined) found.evidence.push(`size of a ${format} floppy`);
  const volume = await lookIntoFat(source, found, 'floppy');
  if (volume && volume.size > source.size) {
    found.warn(
      new Failure(
        'medium.truncated',
        phrase('medium.floppyShorter', { size: volume.size, found: source.size }),
        { hint: phrase('problem.cutImageHint') },
      ),
    );
  }
  noteBootSector(head, volume, found);
  return true;
}

function noteBootSector(head: Uint8Array, volume: FatVolume | undefined, found: Findings): void {
  if (!hasBootSignature(head)) return;
  if (volume && onlyPrintsMessage(head, volume)) {
    found.evidence.push('boot sector that only prints a message');
    return;
  }
  found.startsFrom('bios');
  found.evidence.push('boot sector signature');
}

const contentNames: Record<PartitionContent, string> = {
  linux: 'Linux',
  fat: 'FAT',
  ntfs: 'NTFS or exFAT',
  bfs: 'Be File System',
  freebsd: 'FreeBSD',
  openbsd: 'OpenBSD',
  netbsd: 'NetBSD',
  'efi-system': 'EFI system partition',
  'windows-data': 'Windows data',
  iso9660: 'ISO 9660',
  other: 'other',
};

async function lookForDisk(source: ByteSource, head: Uint8Array, found: Findings): Promise<void> {
  const table = await readPartitions(source);
  if (table) {
    asRawDisk(source, found);
    const { scheme, partitions, bootCode } = table;
    found.facts.partitions = partitions;
    const contents = partitions.map(({ content }) => contentNames[content]).join(', ');
    found.evidence.push(`${scheme.toUpperCase()} partition table${contents === '' ? '' : `: ${contents}`}`);
    if (bootCode) {
      found.startsFrom('bios');
      found.evidence.push('boot code in the first sector');
    }
    if (partitions.some(({ content }) => content === 'efi-system')) found.startsFrom('uefi');
    const bfs = partitions.find(({ content }) => content === 'bfs');
    if (bfs) found.facts.bfsName = await readBfsName(source, bfs.start);
    return;
  }
  const fat = await lookIntoFat(source, found, 'disk');
  const bare = fat ? undefined : bareFileSystem(head);
  if (bare) found.evidence.push(`${bare.title} without a partition table`);
  if (fat || bare || hasBootSignature(head)) {
    asRawDisk(source, found);
    noteBootSector(head, fat, found);
    return;
  }
  const blank = source.size >= 1024 * 1024 && source.size % 512 === 0 && head.every((value) => value === 0);
  if (!blank) return;
  asRawDisk(source, found);
  found.evidence.push('nothing but zeros at its beginning');
}

function asRawDisk(source: ByteSource, found: Findings): void {
  found.kind = 'disk';
  found.format = 'raw';
  found.virtualSize = source.size;
}
