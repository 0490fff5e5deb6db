/**
 * A 64-bit guest for tests: Debian's signed kernel, BusyBox and QEMU's guest agent on a CD that boots by BIOS
 * (isolinux) and by UEFI, with Secure Boot too (shim, GRUB). Built once and kept under .cache/.
 *
 * From the shell: `node test/guests/amd64.mjs` prints the path of the image.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildLinuxCd, initialFiles, makeEfiImage, tool } from './linux-cd.mjs';

const libraries = 'lib/x86_64-linux-gnu';
/** By package: files of it → where they lie in the guest. Links are followed. */
const files = {
  'busybox-static': { 'bin/busybox': 'bin/busybox' },
  'qemu-guest-agent': { 'usr/sbin/qemu-ga': 'sbin/qemu-ga' },
  libc6: {
    [`${libraries}/ld-linux-x86-64.so.2`]: 'lib64/ld-linux-x86-64.so.2',
    [`${libraries}/libc.so.6`]: `${libraries}/libc.so.6`,
    [`${libraries}/libm.so.6`]: `${libraries}/libm.so.6`,
  },
  'libglib2.0-0': {
    [`usr/${libraries}/libglib-2.0.so.0`]: `${libraries}/libglib-2.0.so.0`,
    [`usr/${libraries}/libgmodule-2.0.so.0`]: `${libraries}/libgmodule-2.0.so.0`,
  },
  'libpcre2-8-0': { [`usr/${libraries}/libpcre2-8.so.0`]: `${libraries}/libpcre2-8.so.0` },
  libudev1: { [`usr/${libraries}/libudev.so.1`]: `${libraries}/libudev.so.1` },
  liburing2: { [`usr/${libraries}/liburing.so.2`]: `${libraries}/liburing.so.2` },
  libnuma1: { [`usr/${libraries}/libnuma.so.1`]: `${libraries}/libnuma.so.1` },
};
const bootPackages = ['isolinux', 'syslinux-common', 'shim-signed', 'grub-efi-amd64-signed'];

/** With what they depend on. */
const modules = [
  ...[
    'ahci',
    'sd_mod',
    'sr_mod',
    'isofs',
    'ext4',
    'crc32c_generic',
    'virtio_pci',
    'virtio_blk',
    'virtio_scsi',
  ],
  ...['virtio_net', 'e1000', 'virtio_balloon', 'virtio_console', 'virtio_rng', 'virtio_gpu', 'acpiphp'],
  ...['xhci_pci', 'usbhid', 'hid_generic', 'evdev', 'tpm_tis', 'tpm_crb', 'efivarfs'],
];

const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in $(cat /modules); do modprobe $module 2>/dev/null; done
[ -d /sys/firmware/efi ] && mount -t efivarfs efivarfs /sys/firmware/efi/efivars
hostname amd64
(until port=$(grep -l org.qemu.guest_agent.0 /sys/class/virtio-ports/*/name | cut -d/ -f5) && [ -n "$port" ]
 do sleep 1; done
 exec qemu-ga -m virtio-serial -p /dev/$port -t /run) >/dev/null 2>&1 &
printf 'ready %s %s\\n' "$(uname -m)" "$([ -d /sys/firmware/efi ] && echo uefi || echo bios)" >/dev/ttyS0
# Not a shell that edits lines: that one asks the terminal where the cursor is, and loses what is typed meanwhile.
(exec </dev/tty1 >/dev/tty1 2>&1; while printf '# ' && read -r line; do eval "$line"; done) &
while true; do setsid sh -c 'exec sh </dev/ttyS0 >/dev/ttyS0 2>&1'; done
`;
const options = 'console=tty0 console=ttyS0,115200 quiet no_timer_check cryptomgr.notests=1 mce=off';

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ path: string, kernel: string }>}
 * @throws {import('../../scripts/starter-linux/private-apt.mjs').PackagesUnavailable}
 */
export function buildAmd64Iso({ log = () => {} } = {}) {
  return buildLinuxCd({
    name: 'linux-amd64',
    architecture: 'amd64',
    release: 'bookworm',
    kernel: 'linux-image-amd64',
    packages: [...Object.keys(files), ...bootPackages],
    inputFiles: [fileURLToPath(import.meta.url)],
    assemble,
    log,
  });
}

async function assemble({ read, work, kernelPackage, kernel }) {
  const cd = path.join(work, 'cd');
  const put = (file, data) => {
    fs.mkdirSync(path.dirname(path.join(cd, file)), { recursive: true });
    fs.writeFileSync(path.join(cd, file), data);
  };
  put('boot/vmlinuz', read(kernelPackage, `boot/vmlinuz-${kernel}`));
  const programs = Object.entries(files).flatMap(([name, list]) =>
    Object.entries(list).map(([from, to]) => [to, read(name, from)]),
  );
  // What the guest agent starts to power off; nothing else listens, as there is no driver of the power button.
  programs.push(['sbin/shutdown', Buffer.from('#!/bin/sh\nexec poweroff -f\n')]);
  put(
    'boot/initrd.gz',
    initialFiles({
      init,
      programs: Object.fromEntries(programs),
      modules,
      modulesFolder: path.join(work, kernelPackage, 'lib/modules', kernel),
      kernel,
    }),
  );
  put('isolinux/isolinux.bin', read('isolinux', 'usr/lib/ISOLINUX/isolinux.bin'));
  put('isolinux/ldlinux.c32', read('syslinux-common', 'usr/lib/syslinux/modules/bios/ldlinux.c32'));
  put(
    'isolinux/isolinux.cfg',
    `DEFAULT linux\nLABEL linux\n KERNEL /boot/vmlinuz\n INITRD /boot/initrd.gz\n APPEND ${options}\n`,
  );
  // Where the signed GRUB for CDs looks: it finds its medium by the first file.
  put('.disk/info', 'Linux for tests');
  put(
    'boot/grub/grub.cfg',
    `set timeout=0\nmenuentry linux {\n linux /boot/vmlinuz ${options}\n initrd /boot/initrd.gz\n}\n`,
  );
  await makeEfiImage(path.join(cd, 'boot/efi.img'), {
    'BOOTX64.EFI': path.join(work, 'shim-signed/usr/lib/shim/shimx64.efi.signed'),
    'grubx64.efi': path.join(work, 'grub-efi-amd64-signed/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed'),
  });
  const iso = path.join(work, 'out.iso');
  await tool('xorriso', [
    ...['-as', 'mkisofs', '-quiet', '-R', '-V', 'LINUX_AMD64', '-o', iso],
    ...['-b', 'isolinux/isolinux.bin', '-c', 'isolinux/boot.cat', '-no-emul-boot'],
    ...['-boot-load-size', '4', '-boot-info-table'],
    ...['-eltorito-alt-boot', '-e', 'boot/efi.img', '-no-emul-boot', cd],
  ]);
  return fs.readFileSync(iso);
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { path: file } = await buildAmd64Iso({ log: (line) => console.error(line) });
  console.log(file);
}
