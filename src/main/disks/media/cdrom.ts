import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { ByteSource } from './byte-source';
import { bootImageSource, readBootCatalog, type BootImage } from './el-torito';
import type { Findings } from './findings';
import { lookIntoFat } from './fat-findings';
import { IsoFileSystem, type IsoDescriptors, type IsoVolume } from './iso9660';
import { noteKernel } from './kernel-findings';
import { readBfsName, readPartitions } from './partition';
import { interestingPaths, interestingTexts, openFirmwareScript } from './recognise';
import { readUdfVolumeId } from './udf';

/** Directories in which discs keep their kernels; those of the root directory itself are looked at too. */
const kernelFolders = [
  '/casper',
  '/live',
  '/boot',
  '/isolinux',
  '/boot/isolinux',
  '/syslinux',
  '/install',
  '/install.386',
  '/install.amd',
  '/arch/boot/x86_64',
  '/arch/boot/i686',
  '/images/pxeboot',
  '/boot/x86_64/loader',
  '/boot/i386/loader',
  '/kernels/huge.s',
  '/kernels/hugesmp.s',
  '/boot/kernel',
  '/',
];
const kernelName = /^(vmlinu[xz]|bzimage|linux|kernel|gentoo|huge|netbsd|bsd\.rd)/i;
const maxKernels = 8;
/** What is smaller is a text or a script with a telling name. */
const smallestKernel = 64 * 1024;

/** Looks into a CD or DVD image. */
export async function lookIntoCdrom(
  source: ByteSource,
  descriptors: IsoDescriptors,
  found: Findings,
): Promise<void> {
  found.kind = 'cdrom';
  const { volume, bootCatalog, udf } = descriptors;
  found.evidence.push(
    volume
      ? `ISO 9660 file system${volume.volumeId === '' ? '' : ` “${volume.volumeId}”`}`
      : 'UDF file system without an ISO 9660 one',
  );
  if (volume && udf) found.evidence.push('UDF file system');
  if (volume) noteVolume(source, volume, found);
  if (udf && found.facts.volumeId === '') {
    await found.look(async () => {
      found.facts.volumeId = (await readUdfVolumeId(source)) ?? '';
    });
  }
  if (bootCatalog !== undefined) await found.look(() => lookAtCatalog(source, bootCatalog, found));
  await found.look(() => lookAtHybrid(source, found));
  if (volume) await found.look(() => lookAtFiles(new IsoFileSystem(source, volume), found));
}

function noteVolume(source: ByteSource, volume: IsoVolume, found: Findings): void {
  const { volumeId, publisher, application, systemId, size } = volume;
  Object.assign(found.facts, { volumeId, publisher, application, systemId });
  if (size > source.size) {
    const percent = Math.floor((source.size / size) * 100);
    found.warn(
      new Failure('medium.truncated', phrase('medium.shorter', { size, found: source.size, percent }), {
        hint: phrase('problem.cutImageHint'),
      }),
    );
  }
}

const platformNames: Record<BootImage['platform'], string> = {
  bios: 'BIOS',
  uefi: 'UEFI',
  powerpc: 'PowerPC',
  mac: 'Mac',
  other: 'unknown platform',
};

async function lookAtCatalog(source: ByteSource, sector: number, found: Findings): Promise<void> {
  const catalog = await readBootCatalog(source, sector);
  if (!catalog) {
    found.evidence.push('El Torito boot record whose catalog is missing or damaged');
    return;
  }
  found.facts.bootId = catalog.id;
  for (const image of catalog.images) {
    const as = image.emulation === 'none' ? '' : `, as a ${image.emulation}`;
    found.evidence.push(`El Torito boot image (${platformNames[image.platform]}${as})`);
    if (image.platform === 'bios' || image.platform === 'uefi') found.startsFrom(image.platform);
    // An image cut off before its boot code is worth what `medium.truncated` says already.
    if (image.emulation === 'floppy') await lookIntoFat(bootImageSource(source, image), found, 'boot image');
  }
}

/** Images that can be written to a USB stick as they are have a partition table as well. */
async function lookAtHybrid(source: ByteSource, found: Findings): Promise<void> {
  const table = await readPartitions(source);
  if (!table) return;
  found.evidence.push(`also a disk image (${table.scheme.toUpperCase()} partition table)`);
  for (const { content, start } of table.partitions) {
    if (content !== 'bfs') continue;
    found.facts.bfsName = await readBfsName(source, start);
    if (found.facts.bfsName !== undefined) found.evidence.push(`Be File System “${found.facts.bfsName}”`);
  }
}

async function lookAtFiles(files: IsoFileSystem, found: Findings): Promise<void> {
  const { facts } = found;
  for (const path of interestingTexts) {
    const text = await files.readText(path);
    if (text !== undefined) {
      facts.texts.set(path, text);
      found.evidence.push(path);
    }
  }
  for (const path of interestingPaths) {
    if (await files.find(path)) {
      facts.paths.add(path);
      found.evidence.push(path);
      if (path === openFirmwareScript) found.startsFrom('bios');
    }
  }
  let looked = 0;
  for (const folder of kernelFolders) {
    for (const entry of await files.list(folder)) {
      if (entry.directory || entry.size < smallestKernel || !kernelName.test(entry.name)) continue;
      if (++looked > maxKernels) return;
      const path = `${folder === '/' ? '' : folder}/${entry.name.replace(/\.?(;\d+)?$/, '')}`;
      await noteKernel(files.contents(entry), path, found);
    }
  }
}
