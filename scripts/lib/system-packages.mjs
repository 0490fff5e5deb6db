/** What the tests need of the system. On Debian as root it is installed; elsewhere the list says what is missing. */
import fs from 'node:fs';
import path from 'node:path';
import { run } from './project.mjs';

/** Each need: the program that shows that it is there, and Debian's package for it. */
const needs = [
  { program: 'chromium', package: 'chromium', for: 'end-to-end tests in the browser' },
  { program: 'Xvfb', package: 'xvfb', for: 'end-to-end tests in Electron' },
  { program: 'xauth', package: 'xauth', for: 'end-to-end tests in Electron' },
  { program: 'qemu-img', package: 'qemu-utils', for: 'the disk format against its reference' },
  { program: 'xorriso', package: 'xorriso', for: 'Starter Linux and test images' },
  { program: 'mformat', package: 'mtools', for: 'floppy images' },
  { program: 'cpio', package: 'cpio', for: 'test guests' },
  { program: 'qemu-system-x86_64', package: 'qemu-system-x86', for: 'machines on QEMU' },
  { program: 'qemu-system-aarch64', package: 'qemu-system-arm', for: 'machines with an ARM processor' },
  { program: 'qemu-system-riscv64', package: 'qemu-system-misc', for: 'machines with RISC-V or IBM Z' },
  { program: 'qemu-system-ppc64', package: 'qemu-system-ppc', for: 'machines with a POWER processor' },
  { program: 'xz', package: 'xz-utils', for: 'the kernel of test guests' },
  { program: 'swtpm', package: 'swtpm', for: 'machines with a TPM' },
  { program: 'tshark', package: 'tshark', for: 'captures of networks, as others read them' },
  { program: 'ip', package: 'iproute2', for: 'networks that are joined with devices' },
  { program: 'dhclient', package: 'isc-dhcp-client', for: 'addresses by DHCP, as Debian asks for them' },
  { program: 'spice-vdagent', package: 'spice-vdagent', for: 'clipboards that are shared with a guest' },
  { program: 'xclip', package: 'xclip', for: 'clipboards that are shared with a guest' },
  { program: 'xkbcomp', package: 'x11-xkb-utils', for: 'clipboards that are shared with a guest' },
  { program: 'ssh', package: 'openssh-client', for: 'terminals in guests' },
  { program: 'modetest', package: 'libdrm-tests', for: 'guests that follow the size of their window' },
  { program: 'lintian', package: 'lintian', for: 'the Debian package, by Debian’s own rules' },
  { program: 'rpmbuild', package: 'rpm', for: 'the package of Fedora and openSUSE' },
  { program: 'bsdtar', package: 'libarchive-tools', for: 'the package of Arch' },
  { program: 'desktop-file-validate', package: 'desktop-file-utils', for: 'the Debian package' },
  { program: 'xdg-open', package: 'xdg-utils', for: 'the Debian package' },
  { program: 'appstreamcli', package: 'appstream', for: 'the Debian package' },
];

/** Firmware and data, by a file that each package brings. */
const firmware = [
  { path: '/usr/share/osinfo/os', package: 'osinfo-db', for: 'what systems need of a machine' },
  { path: '/usr/share/OVMF/OVMF_CODE_4M.ms.fd', package: 'ovmf', for: 'machines with UEFI' },
  {
    path: '/usr/share/AAVMF/AAVMF_CODE.fd',
    package: 'qemu-efi-aarch64',
    for: 'machines with an ARM processor',
  },
  {
    path: '/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf',
    package: 'u-boot-qemu',
    for: 'machines with a RISC-V processor',
  },
];

/** Libraries that Electron's program links to, by a file that each package brings. */
const libraries = [
  { file: 'libnss3.so', package: 'libnss3' },
  { file: 'libatk-bridge-2.0.so.0', package: 'libatk-bridge2.0-0' },
  { file: 'libgtk-3.so.0', package: 'libgtk-3-0' },
  { file: 'libgbm.so.1', package: 'libgbm1' },
  { file: 'libasound.so.2', package: 'libasound2' },
  { file: 'libcups.so.2', package: 'libcups2' },
  { file: 'libnotify.so.4', package: 'libnotify4' },
  { file: 'libsecret-1.so.0', package: 'libsecret-1-0' },
  { file: 'libXtst.so.6', package: 'libxtst6' },
];

function onPath(program) {
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .some((folder) => fs.existsSync(path.join(folder, program)));
}

function hasLibrary(file) {
  const folders = ['/usr/lib', '/usr/lib64', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'];
  return folders.some((folder) => fs.existsSync(path.join(folder, file)));
}

function missing() {
  const programs = needs.filter((need) => !onPath(need.program));
  const images =
    process.platform === 'linux' ? firmware.filter(({ path: file }) => !fs.existsSync(file)) : [];
  const files = process.platform === 'linux' ? libraries.filter((library) => !hasLibrary(library.file)) : [];
  return [
    ...programs,
    ...images.map((image) => ({ ...image, program: image.path })),
    ...files.map((library) => ({ ...library, program: library.file, for: 'Electron' })),
  ];
}

/** @returns what is missing in the end: `{ program, package, for }` each */
export async function ensureSystemPackages() {
  const before = missing();
  const canInstall =
    process.platform === 'linux' && fs.existsSync('/etc/debian_version') && process.getuid() === 0;
  if (before.length === 0 || !canInstall) return before;
  const names = before.map((need) => need.package);
  console.log(`Installing Debian packages: ${names.join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
    env,
    output: 'ignore',
  });
  return missing();
}
