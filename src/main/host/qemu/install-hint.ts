import type { Architecture } from '@shared/machine/config';
import { type Phrase, phrase } from '@shared/phrases/phrase';
import { findProgram } from '../../platform/program';

interface Manager {
  /** The program that tells that this package manager is here. */
  program: string;
  platforms: readonly NodeJS.Platform[];
  /** How it is called, before the names of packages. */
  command: string;
  /** For PCs: emulator, tools, UEFI firmware and TPM. */
  usual: string;
  /** For other processors, where these are packages of their own. */
  others?: Partial<Record<Architecture, string>>;
}

/** Names of packages as of Debian 12, Fedora 41, Arch and openSUSE in 2025, Homebrew 4 and winget 1.9. */
const managers: readonly Manager[] = [
  {
    program: 'apt-get',
    platforms: ['linux'],
    command: 'sudo apt install',
    usual: 'qemu-system-x86 qemu-utils ovmf swtpm',
    others: {
      aarch64: 'qemu-system-arm qemu-efi-aarch64',
      riscv64: 'qemu-system-misc',
      ppc64: 'qemu-system-ppc',
      s390x: 'qemu-system-misc',
    },
  },
  {
    program: 'dnf',
    platforms: ['linux'],
    command: 'sudo dnf install',
    usual: 'qemu-system-x86 qemu-img edk2-ovmf swtpm',
    others: {
      aarch64: 'qemu-system-aarch64 edk2-aarch64',
      riscv64: 'qemu-system-riscv edk2-riscv64',
      ppc64: 'qemu-system-ppc',
      s390x: 'qemu-system-s390x',
    },
  },
  {
    program: 'pacman',
    platforms: ['linux'],
    command: 'sudo pacman -S',
    usual: 'qemu-system-x86 qemu-img edk2-ovmf swtpm',
    others: {
      aarch64: 'qemu-system-aarch64 edk2-aarch64',
      riscv64: 'qemu-system-riscv',
      ppc64: 'qemu-system-ppc',
      s390x: 'qemu-system-s390x',
    },
  },
  {
    program: 'zypper',
    platforms: ['linux'],
    command: 'sudo zypper install',
    usual: 'qemu-x86 qemu-tools qemu-ovmf-x86_64 swtpm',
    others: {
      aarch64: 'qemu-arm qemu-uefi-aarch64',
      riscv64: 'qemu-extra',
      ppc64: 'qemu-ppc',
      s390x: 'qemu-s390x',
    },
  },
  { program: 'brew', platforms: ['darwin', 'linux'], command: 'brew install', usual: 'qemu swtpm' },
  { program: 'port', platforms: ['darwin'], command: 'sudo port install', usual: 'qemu' },
  {
    program: 'winget',
    platforms: ['win32'],
    command: 'winget install --exact --id',
    usual: 'SoftwareFreedomConservancy.QEMU',
  },
];

/** Where to go when none of the known package managers is there. */
const page = 'https://www.qemu.org/download/';

/**
 * The exact command that installs QEMU here, or the page to get it from where no known package manager is there.
 *
 * @param architecture which emulator is wanted; the one for PCs when nothing is said
 */
export async function installCommand(
  platform: NodeJS.Platform,
  env: Record<string, string | undefined>,
  architecture: Architecture = 'x86_64',
): Promise<{ known: boolean; command: string }> {
  for (const { program, platforms, command, usual, others } of managers) {
    if (!platforms.includes(platform) || !(await findProgram(program, env))) continue;
    return { known: true, command: `${command} ${others?.[architecture] ?? usual}` };
  }
  return { known: false, command: page };
}

/** One sentence that says how to get QEMU on this computer. */
export async function installHint(
  platform: NodeJS.Platform,
  env: Record<string, string | undefined>,
  architecture?: Architecture,
): Promise<Phrase> {
  const { known, command } = await installCommand(platform, env, architecture);
  return known ? phrase('qemu.install', { command }) : phrase('qemu.installFrom', { page: command });
}
