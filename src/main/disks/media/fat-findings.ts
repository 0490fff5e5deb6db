import type { ByteSource } from './byte-source';
import { latin1 } from './bytes';
import { fatFileContents, readFat, type FatVolume } from './fat';
import type { Findings } from './findings';
import { noteKernel } from './kernel-findings';

const kernelName = /^(LINUX|VMLINUZ|BZIMAGE|KERNEL)(\.|$)/;
const maxKernels = 4;

/** Looks into a FAT volume: a floppy, or the floppy that a CD starts from. Undefined when it is none. */
export async function lookIntoFat(
  source: ByteSource,
  found: Findings,
  what: string,
): Promise<FatVolume | undefined> {
  found.facts.bootText += latin1(await source.read(0, 512));
  const volume = await readFat(source);
  if (!volume) return undefined;
  const { oemName, label, files } = volume;
  found.evidence.push(
    `${what} with a FAT file system${label === '' ? '' : ` “${label}”`}${
      oemName === '' ? '' : `, formatted by ${oemName}`
    }`,
  );
  found.facts.fatOemName ||= oemName;
  found.facts.fatLabel ||= label;
  for (const file of files) found.facts.fatNames.add(file.name);
  for (const file of files
    .filter(({ name, directory }) => !directory && kernelName.test(name))
    .slice(0, maxKernels)) {
    await noteKernel(fatFileContents(source, file), file.name, found);
  }
  return volume;
}
