import type { ByteSource } from './byte-source';
import type { Findings } from './findings';
import { readKernel } from './linux-kernel';

/** Notes the kernel at the beginning of `source`, if there is one. Resolves to whether there was. */
export async function noteKernel(source: ByteSource, path: string, found: Findings): Promise<boolean> {
  const kernel = await readKernel(source);
  if (!kernel) return false;
  const { kind, bits, architecture, version, guessed } = kernel;
  found.evidence.push(
    `${path}: ${bits}-bit ${kind}${version === undefined ? '' : ` ${version}`}${guessed ? ' (width guessed)' : ''}`,
  );
  found.facts.kernels.push({ path, kind, version });
  found.bits.add(bits);
  if (architecture !== 'unknown') found.architectures.add(architecture);
  return true;
}
