import { access, readdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import type { FlashFirmware } from '@shared/engine/qemu/launch';
import type { Architecture } from '@shared/machine/config';
import { Once } from './once';

const flashFile = z.looseObject({ filename: z.string().max(4096), format: z.enum(['raw', 'qcow2']) });

/** A firmware descriptor: QEMU's `docs/interop/firmware.json`; only what lies in flash is of use here. */
const descriptor = z.looseObject({
  'interface-types': z.array(z.string()),
  mapping: z.looseObject({
    device: z.literal('flash'),
    mode: z.enum(['split', 'combined', 'stateless']).default('split'),
    executable: flashFile,
    'nvram-template': flashFile,
  }),
  targets: z.array(z.looseObject({ architecture: z.string(), machines: z.array(z.string().max(200)) })),
  features: z.array(z.string()),
});
type Descriptor = z.infer<typeof descriptor>;

/** Folders of descriptors, the most important first; a file hides those of the same name in later ones. */
function descriptorFolders(dataFolder: string | null): string[] {
  return [
    ...(dataFolder === null ? [] : [join(dataFolder, 'firmware')]),
    join(homedir(), '.config', 'qemu', 'firmware'),
    '/etc/qemu/firmware',
    '/usr/local/share/qemu/firmware',
    '/usr/share/qemu/firmware',
    '/opt/homebrew/share/qemu/firmware',
    '/opt/local/share/qemu/firmware',
  ];
}

/** For systems without descriptors: pairs of code and variables, in the places where packages put them. */
const usualFiles: Partial<Record<Architecture, readonly (readonly [code: string, variables: string])[]>> = {
  x86_64: [
    ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
    ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
    ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_VARS.fd'],
    ['/usr/share/edk2/x64/OVMF_CODE.4m.fd', '/usr/share/edk2/x64/OVMF_VARS.4m.fd'],
    ['/usr/share/qemu/ovmf-x86_64-code.bin', '/usr/share/qemu/ovmf-x86_64-vars.bin'],
    ['/opt/homebrew/share/qemu/edk2-x86_64-code.fd', '/opt/homebrew/share/qemu/edk2-i386-vars.fd'],
    ['/usr/local/share/qemu/edk2-x86_64-code.fd', '/usr/local/share/qemu/edk2-i386-vars.fd'],
    [
      'C:\\Program Files\\qemu\\share\\edk2-x86_64-code.fd',
      'C:\\Program Files\\qemu\\share\\edk2-i386-vars.fd',
    ],
  ],
  aarch64: [
    ['/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd'],
    ['/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw', '/usr/share/edk2/aarch64/vars-template-pflash.raw'],
    ['/opt/homebrew/share/qemu/edk2-aarch64-code.fd', '/opt/homebrew/share/qemu/edk2-arm-vars.fd'],
    ['/usr/local/share/qemu/edk2-aarch64-code.fd', '/usr/local/share/qemu/edk2-arm-vars.fd'],
    [
      'C:\\Program Files\\qemu\\share\\edk2-aarch64-code.fd',
      'C:\\Program Files\\qemu\\share\\edk2-arm-vars.fd',
    ],
  ],
  riscv64: [
    ['/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd', '/usr/share/qemu-efi-riscv64/RISCV_VIRT_VARS.fd'],
    ['/opt/homebrew/share/qemu/edk2-riscv-code.fd', '/opt/homebrew/share/qemu/edk2-riscv-vars.fd'],
  ],
};

/**
 * U-Boot for the `virt` board of RISC-V, to run on the OpenSBI that QEMU has built in: what there is before EDK2,
 * which needs QEMU 8.1 for its place in flash.
 */
const bootLoaders: Partial<Record<Architecture, readonly string[]>> = {
  riscv64: ['/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf', '/usr/share/uboot/qemu-riscv64_smode/u-boot.bin'],
};

/** A boot loader that takes the place of UEFI firmware; undefined when none is installed. */
export async function findBootLoader(architecture: Architecture): Promise<string | undefined> {
  for (const path of bootLoaders[architecture] ?? []) if (await isThere(path)) return path;
  return undefined;
}

/** Names of architectures and boards as the descriptors have them; these may end in an asterisk. */
function fits({ targets }: Descriptor, architecture: Architecture, machineType: string): boolean {
  return targets
    .filter((target) => target.architecture === architecture)
    .some(({ machines }) =>
      machines.some((pattern) =>
        pattern.endsWith('*') ? machineType.startsWith(pattern.slice(0, -1)) : pattern === machineType,
      ),
    );
}

/**
 * UEFI firmware for a machine, without Secure Boot and without enforced system management mode unless `secureBoot`
 * asks for both; undefined when none is installed. Descriptors first, then the usual files.
 */
export async function findUefi(
  architecture: Architecture,
  machineType: string,
  options: { secureBoot?: boolean; dataFolder?: string | null; folders?: readonly string[] } = {},
): Promise<FlashFirmware | undefined> {
  const { secureBoot = false, dataFolder = null } = options;
  // The descriptors know the 32-bit PC as i386; none of the packages has UEFI for it.
  for (const entry of await descriptorsIn(options.folders ?? descriptorFolders(dataFolder))) {
    const { features, mapping } = entry;
    if (!entry['interface-types'].includes('uefi') || mapping.mode !== 'split') continue;
    if (!fits(entry, architecture, machineType)) continue;
    const secure = features.includes('secure-boot') && features.includes('enrolled-keys');
    if (secure !== secureBoot || (!secureBoot && features.includes('requires-smm'))) continue;
    const { executable, 'nvram-template': template } = mapping;
    if (!isAbsolute(executable.filename) || !isAbsolute(template.filename)) continue;
    if (!(await isThere(executable.filename)) || !(await isThere(template.filename))) continue;
    return {
      code: executable.filename,
      codeFormat: executable.format,
      variables: template.filename,
      variablesFormat: template.format,
      systemManagement: features.includes('requires-smm'),
    };
  }
  if (secureBoot) return undefined;
  for (const [code, variables] of usualFiles[architecture] ?? []) {
    if (!(await isThere(code)) || !(await isThere(variables))) continue;
    return { code, codeFormat: 'raw', variables, variablesFormat: 'raw', systemManagement: false };
  }
  return undefined;
}

/** Every start of a machine asks for the firmware of each architecture at once: the files are read once for all. */
const reading = new Once();

function descriptorsIn(folders: readonly string[]): Promise<Descriptor[]> {
  return reading.ask(folders.join('\n'), () => readDescriptors(folders));
}

async function readDescriptors(folders: readonly string[]): Promise<Descriptor[]> {
  const byName = new Map<string, string>();
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []); // a place that this system does not have
    for (const name of names) {
      if (name.endsWith('.json') && !byName.has(name)) byName.set(name, join(folder, name));
    }
  }
  const inOrder = [...byName].sort(([one], [other]) => (one < other ? -1 : 1));
  const read = await Promise.all(inOrder.map(([, path]) => readDescriptor(path)));
  return read.filter((one) => one !== undefined);
}

/** Undefined where it is empty on purpose (it hides another), or not ours to judge. */
async function readDescriptor(path: string): Promise<Descriptor | undefined> {
  try {
    return descriptor.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
