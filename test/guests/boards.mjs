/**
 * Small Linux guests for boards that are no PC: Debian's kernel and BusyBox on a CD that GRUB starts by UEFI, whose
 * shells are on the screen and on the serial port. Built once each and kept under .cache/.
 *
 * From the shell: `node test/guests/boards.mjs aarch64` prints the path of the image.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildOnce, initialFiles, makeEfiImage, tool } from './linux-cd.mjs';

/** RISC-V is among Debian's architectures from version 13 on. */
const boards = {
  aarch64: {
    debian: 'arm64',
    release: 'bookworm',
    image: (kernel) => `boot/vmlinuz-${kernel}`,
    grub: ['grub-efi-arm64-signed', 'usr/lib/grub/arm64-efi-signed/gcdaa64.efi.signed'],
    program: 'BOOTAA64.EFI',
    serial: 'ttyAMA0',
  },
  riscv64: {
    debian: 'riscv64',
    release: 'trixie',
    image: (kernel) => `boot/vmlinux-${kernel}`,
    grub: ['grub-efi-riscv64-unsigned', 'usr/lib/grub/riscv64-efi/monolithic/gcdriscv64.efi'],
    program: 'BOOTRISCV64.EFI',
    serial: 'ttyS0',
  },
};

/** For the screen, and a keyboard and a tablet at USB; these are loaded while the shell is there already. */
const modules = ['virtio_pci', 'virtio_gpu', 'xhci_pci', 'usbhid', 'hid_generic', 'evdev'];

const init = (serial) => `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
printf 'ready %s\\n' "$(uname -m)" >/dev/${serial}
(for module in $(cat /modules); do modprobe $module 2>/dev/null; done
 exec </dev/tty1 >/dev/tty1 2>&1
 printf 'ready %s\\n' "$(uname -m)"
 while printf '# ' && read -r line; do eval "$line"; done) &
while true; do setsid sh -c 'exec sh </dev/${serial} >/dev/${serial} 2>&1'; done
`;

/**
 * @param {'aarch64' | 'riscv64'} architecture
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ path: string, kernel: string }>}
 * @throws {import('../../scripts/starter-linux/private-apt.mjs').PackagesUnavailable}
 */
export function buildBoardIso(architecture, { log = () => {} } = {}) {
  const board = boards[architecture];
  return buildOnce({
    name: `linux-${board.debian}`,
    architecture: board.debian,
    release: board.release,
    kernel: `linux-image-${board.debian}`,
    packages: ['busybox-static', board.grub[0]],
    inputFiles: [fileURLToPath(import.meta.url)],
    assemble: (unpacked) => assemble(board, unpacked),
    log,
  });
}

async function assemble(board, { read, work, kernelPackage, kernel }) {
  const cd = path.join(work, 'cd');
  const put = (file, data) => {
    fs.mkdirSync(path.dirname(path.join(cd, file)), { recursive: true });
    fs.writeFileSync(path.join(cd, file), data);
  };
  const parts = path.join(work, kernelPackage);
  const modulesFolder = ['lib/modules', 'usr/lib/modules']
    .map((folder) => path.join(parts, folder, kernel))
    .find((folder) => fs.existsSync(folder));
  if (!modulesFolder) throw new Error(`${kernelPackage} has no modules`);
  const busybox = ['bin/busybox', 'usr/bin/busybox'].find((file) =>
    fs.existsSync(path.join(work, 'busybox-static', file)),
  );
  put('boot/vmlinuz', read(kernelPackage, board.image(kernel)));
  const programs = { 'bin/busybox': read('busybox-static', busybox ?? 'bin/busybox') };
  put('boot/initrd.gz', initialFiles({ init: init(board.serial), programs, modules, modulesFolder, kernel }));
  // Where Debian's GRUB for CDs looks: it finds its medium by the first file.
  put('.disk/info', 'Linux for tests');
  const options = `console=tty0 console=${board.serial} quiet cryptomgr.notests=1`;
  put(
    'boot/grub/grub.cfg',
    `set timeout=0\nmenuentry linux {\n linux /boot/vmlinuz ${options}\n initrd /boot/initrd.gz\n}\n`,
  );
  const efi = path.join(work, 'efi.img');
  await makeEfiImage(efi, { [board.program]: path.join(work, ...board.grub) });
  const iso = path.join(work, 'out.iso');
  // The way of Debian's own CDs: the EFI system partition follows the file system, and both tables name it.
  await tool('xorriso', [
    ...['-as', 'mkisofs', '-quiet', '-R', '-V', `LINUX_${board.debian.toUpperCase()}`, '-o', iso],
    ...['-append_partition', '2', '0xef', efi, '-appended_part_as_gpt', '-partition_cyl_align', 'off'],
    ...['-e', '--interval:appended_partition_2:all::', '-no-emul-boot', cd],
  ]);
  return fs.readFileSync(iso);
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { path: file } = await buildBoardIso(process.argv[2], { log: (line) => console.error(line) });
  console.log(file);
}
