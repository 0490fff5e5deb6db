/**
 * Small Linux guests for boards that are no PC: Debian's kernel and BusyBox on a CD that GRUB starts by UEFI (on IBM Z
 * the board's own firmware starts the kernel), with a shell on the serial port and, where there is one, on the
 * screen. Built once each and kept under .cache/.
 *
 * From the shell: `node test/guests/boards.mjs aarch64` prints the path of the image.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildLinuxCd, initialFiles, makeEfiImage, tool } from './linux-cd.mjs';

/** For the screen, and a keyboard and a tablet at USB; these are loaded while the shell is there already. */
const screenModules = ['virtio_pci', 'virtio_gpu', 'xhci_pci', 'usbhid', 'hid_generic', 'evdev'];

/** RISC-V is among Debian's architectures from version 13 on. */
const boards = {
  aarch64: {
    debian: 'arm64',
    release: 'bookworm',
    image: (kernel) => `boot/vmlinuz-${kernel}`,
    grub: ['grub-efi-arm64-signed', 'usr/lib/grub/arm64-efi-signed/gcdaa64.efi.signed'],
    program: 'BOOTAA64.EFI',
    serial: 'ttyAMA0',
    modules: screenModules,
  },
  riscv64: {
    debian: 'riscv64',
    release: 'trixie',
    image: (kernel) => `boot/vmlinux-${kernel}`,
    grub: ['grub-efi-riscv64-unsigned', 'usr/lib/grub/riscv64-efi/monolithic/gcdriscv64.efi'],
    program: 'BOOTRISCV64.EFI',
    serial: 'ttyS0',
    modules: screenModules,
  },
  s390x: {
    debian: 's390x',
    release: 'bookworm',
    image: (kernel) => `boot/vmlinuz-${kernel}`,
    serial: 'ttysclp0',
    // Its modules are big-endian, and the console is in the kernel.
    modules: [],
  },
};

const init = (serial) => `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
printf 'ready %s\\n' "$(uname -m)" >/dev/${serial}
(for module in $(cat /modules); do modprobe $module 2>/dev/null; done
 [ -c /dev/tty1 ] || exit
 until grep -q Keyboard /proc/bus/input/devices; do sleep 1; done
 echo 'keyboard ready' >/dev/${serial}
 exec </dev/tty1 >/dev/tty1 2>&1
 printf 'ready %s\\n' "$(uname -m)"
 while printf '# ' && read -r line; do eval "$line"; done) &
while true; do setsid sh -c 'exec sh </dev/${serial} >/dev/${serial} 2>&1'; done
`;

/**
 * @param {'aarch64' | 'riscv64' | 's390x'} architecture
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ path: string, kernel: string }>}
 * @throws {import('../../scripts/starter-linux/private-apt.mjs').PackagesUnavailable}
 */
export function buildBoardIso(architecture, { log = () => {} } = {}) {
  const board = boards[architecture];
  return buildLinuxCd({
    name: `linux-${board.debian}`,
    architecture: board.debian,
    release: board.release,
    kernel: `linux-image-${board.debian}`,
    packages: ['busybox-static', ...(board.grub ? [board.grub[0]] : [])],
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
  const image = read(kernelPackage, board.image(kernel));
  const programs = { 'bin/busybox': read('busybox-static', busybox ?? 'bin/busybox') };
  const { serial, modules } = board;
  const initrd = initialFiles({ init: init(serial), programs, modules, modulesFolder, kernel });
  const options = `console=tty0 console=${serial} quiet cryptomgr.notests=1`;
  const iso = path.join(work, 'out.iso');
  const make = ['-as', 'mkisofs', '-quiet', '-R', '-V', `LINUX_${board.debian.toUpperCase()}`, '-o', iso];
  if (!board.grub) {
    put('boot/linux.img', mainframeImage(image, initrd, options));
    await tool('xorriso', [...make, '-b', 'boot/linux.img', '-c', 'boot/boot.cat', '-no-emul-boot', cd]);
    return fs.readFileSync(iso);
  }
  put('boot/vmlinuz', image);
  put('boot/initrd.gz', initrd);
  // Where Debian's GRUB for CDs looks: it finds its medium by the first file.
  put('.disk/info', 'Linux for tests');
  put(
    'boot/grub/grub.cfg',
    `set timeout=0\nmenuentry linux {\n linux /boot/vmlinuz ${options}\n initrd /boot/initrd.gz\n}\n`,
  );
  const efi = path.join(work, 'efi.img');
  await makeEfiImage(efi, { [board.program]: path.join(work, ...board.grub) });
  // The way of Debian's own CDs: the EFI system partition follows the file system, and both tables name it.
  await tool('xorriso', [
    ...make,
    ...['-append_partition', '2', '0xef', efi, '-appended_part_as_gpt', '-partition_cyl_align', 'off'],
    ...['-e', '--interval:appended_partition_2:all::', '-no-emul-boot', cd],
  ]);
  return fs.readFileSync(iso);
}

/** Behind the unpacked kernel. */
const initrdAddress = 0x1800000;

/**
 * What the firmware of IBM Z loads to address 0 (`arch/s390/boot/head.S` and `Documentation/arch/s390` of the kernel):
 * a program status word that leads to 64 KiB, the kernel, where the initial file system is, and the options.
 */
function mainframeImage(kernel, initrd, options) {
  const image = Buffer.alloc(initrdAddress + initrd.length);
  kernel.copy(image);
  initrd.copy(image, initrdAddress);
  image.writeBigUInt64BE(0x0008000080010000n, 0);
  image.writeBigUInt64BE(BigInt(initrdAddress), 0x10408);
  image.writeBigUInt64BE(BigInt(initrd.length), 0x10410);
  image.write(`${options}\0`, 0x10480, 'latin1');
  return image;
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { path: file } = await buildBoardIso(process.argv[2], { log: (line) => console.error(line) });
  console.log(file);
}
