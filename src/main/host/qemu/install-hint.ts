import { findProgram } from '../../platform/program';

/** How QEMU is installed with each package manager: the exact command. */
const commands: readonly { manager: string; platform: NodeJS.Platform; command: string }[] = [
  {
    manager: 'apt-get',
    platform: 'linux',
    command: 'sudo apt install qemu-system-x86 qemu-utils ovmf swtpm',
  },
  {
    manager: 'dnf',
    platform: 'linux',
    command: 'sudo dnf install qemu-system-x86 qemu-img edk2-ovmf swtpm',
  },
  {
    manager: 'pacman',
    platform: 'linux',
    command: 'sudo pacman -S qemu-system-x86 qemu-img edk2-ovmf swtpm',
  },
  {
    manager: 'zypper',
    platform: 'linux',
    command: 'sudo zypper install qemu-x86 qemu-tools qemu-ovmf-x86_64 swtpm',
  },
  { manager: 'brew', platform: 'darwin', command: 'brew install qemu' },
  { manager: 'brew', platform: 'linux', command: 'brew install qemu' },
  { manager: 'port', platform: 'darwin', command: 'sudo port install qemu' },
  {
    manager: 'winget',
    platform: 'win32',
    command: 'winget install --exact --id SoftwareFreedomConservancy.QEMU',
  },
];

/** Where to go when none of the known package managers is there. */
const page = 'https://www.qemu.org/download/';

/** One sentence that says how to get QEMU on this computer. */
export async function installHint(
  platform: NodeJS.Platform,
  env: Record<string, string | undefined>,
): Promise<string> {
  for (const entry of commands) {
    if (entry.platform !== platform) continue;
    if (await findProgram(entry.manager, env)) return `Install QEMU: ${entry.command}`;
  }
  return `Install QEMU: ${page}`;
}
