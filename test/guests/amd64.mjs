/**
 * A 64-bit guest for tests: Debian's signed kernel, BusyBox and QEMU's guest agent on a CD that boots by BIOS
 * (isolinux) and by UEFI, with Secure Boot too (shim, GRUB). Built once and kept under .cache/.
 *
 * From the shell: `node test/guests/amd64.mjs` prints the path of the image.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { readIfThere, readJsonIfThere, sha256, writeWhole } from '../../scripts/resources/atomic-files.mjs';
import { withBuildLock } from '../../scripts/resources/build-lock.mjs';
import { fileType, writeCpio } from '../../scripts/starter-linux/cpio.mjs';
import { moduleTables, selectModules } from '../../scripts/starter-linux/kernel-modules.mjs';
import { PackagesUnavailable, PrivateApt, unpackPackage } from '../../scripts/starter-linux/private-apt.mjs';

const run = promisify(execFile);
const cache = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../.cache');
const time = Date.UTC(2025, 0, 1) / 1000;

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
  ...['virtio_net', 'virtio_balloon', 'virtio_console', 'virtio_rng', 'virtio_gpu', 'acpiphp'],
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

const inputFiles = [fileURLToPath(import.meta.url)];

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ path: string, kernel: string }>}
 * @throws {import('../../scripts/starter-linux/private-apt.mjs').PackagesUnavailable}
 */
export async function buildAmd64Iso({ log = () => {} } = {}) {
  const iso = path.join(cache, 'guests/linux-amd64.iso');
  const stamp = path.join(cache, 'guests/linux-amd64.json');
  const inputs = sha256(Buffer.concat(inputFiles.map((file) => fs.readFileSync(file))));
  const cached = () => {
    const known = readJsonIfThere(stamp);
    if (known?.inputs !== inputs) return undefined;
    const image = readIfThere(iso);
    return image && sha256(image) === known.sha256 ? { path: iso, kernel: known.kernel } : undefined;
  };
  const ready = cached();
  if (ready) return ready;
  const folder = path.join(cache, 'apt-amd64');
  return withBuildLock(path.join(folder, 'build.lock'), async () => {
    const builtMeanwhile = cached();
    if (builtMeanwhile) return builtMeanwhile;
    const { image, kernel } = await build(folder, log);
    writeWhole(iso, image);
    writeWhole(stamp, `${JSON.stringify({ kernel, inputs, sha256: sha256(image) }, null, 2)}\n`);
    return { path: iso, kernel };
  });
}

async function build(folder, log) {
  const names = [...Object.keys(files), ...bootPackages];
  const needs = ['linux-image-amd64', ...names];
  const apt = await PrivateApt.open({ folder, release: 'bookworm', architecture: 'amd64', needs, log });
  const { depends } = await apt.show('linux-image-amd64');
  const kernelPackage = depends.find((name) => name.startsWith('linux-image-'));
  if (!kernelPackage) throw new Error('linux-image-amd64 depends on no kernel');
  const packages = await Promise.all([kernelPackage, ...names].map((name) => apt.show(name)));
  const archives = await apt.download(packages);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'amd64-'));
  try {
    for (const [i, each] of packages.entries()) await unpackPackage(archives[i], path.join(work, each.name));
    const kernel = kernelPackage.replace('linux-image-', '');
    const image = await assemble(work, kernelPackage, kernel);
    return { image, kernel };
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

async function assemble(work, kernelPackage, kernel) {
  const read = (name, file) => fs.readFileSync(path.join(work, name, file));
  const cd = path.join(work, 'cd');
  const put = (file, data) => {
    fs.mkdirSync(path.dirname(path.join(cd, file)), { recursive: true });
    fs.writeFileSync(path.join(cd, file), data);
  };
  put('boot/vmlinuz', read(kernelPackage, `boot/vmlinuz-${kernel}`));
  put('boot/initrd.gz', initialFiles(read, path.join(work, kernelPackage, 'lib/modules', kernel), kernel));
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
  const efi = path.join(cd, 'boot/efi.img');
  put('boot/efi.img', Buffer.alloc(8 * 1024 * 1024));
  const shim = path.join(work, 'shim-signed/usr/lib/shim/shimx64.efi.signed');
  const grub = path.join(work, 'grub-efi-amd64-signed/usr/lib/grub/x86_64-efi-signed/gcdx64.efi.signed');
  await tool('mformat', ['-i', efi, '::']);
  await tool('mmd', ['-i', efi, '::/EFI', '::/EFI/BOOT']);
  await tool('mcopy', ['-i', efi, shim, '::/EFI/BOOT/BOOTX64.EFI']);
  await tool('mcopy', ['-i', efi, grub, '::/EFI/BOOT/grubx64.efi']);
  const iso = path.join(work, 'out.iso');
  await tool('xorriso', [
    ...['-as', 'mkisofs', '-quiet', '-R', '-V', 'LINUX_AMD64', '-o', iso],
    ...['-b', 'isolinux/isolinux.bin', '-c', 'isolinux/boot.cat', '-no-emul-boot'],
    ...['-boot-load-size', '4', '-boot-info-table'],
    ...['-eltorito-alt-boot', '-e', 'boot/efi.img', '-no-emul-boot', cd],
  ]);
  return fs.readFileSync(iso);
}

/** The initial file system, compressed. */
function initialFiles(read, modulesFolder, kernel) {
  const program = fileType.file | 0o755;
  const taken = Object.entries(files).flatMap(([name, list]) =>
    Object.entries(list).map(([from, to]) => ({ path: to, mode: program, data: read(name, from) })),
  );
  const text = (file, content) => ({ path: file, mode: fileType.file | 0o644, data: Buffer.from(content) });
  const entries = [
    ...taken,
    { path: 'init', mode: program, data: Buffer.from(init) },
    // What the guest agent starts to power off; nothing else listens, as there is no driver of the power button.
    { path: 'sbin/shutdown', mode: program, data: Buffer.from('#!/bin/sh\nexec poweroff -f\n') },
    text('modules', modules.join('\n')),
    { path: 'dev/console', mode: fileType.character | 0o600, device: [5, 1] },
    ...moduleEntries(modulesFolder, kernel, text),
  ];
  const folders = new Set(['dev', 'proc', 'sys', 'run', 'mnt', 'tmp']);
  for (const { path: file } of entries) {
    for (let up = path.posix.dirname(file); up !== '.'; up = path.posix.dirname(up)) folders.add(up);
  }
  const all = [
    ...[...folders].sort().map((path) => ({ path, mode: fileType.directory | 0o755 })),
    ...entries,
  ];
  return zlib.gzipSync(writeCpio(all, time), { level: 6 });
}

function moduleEntries(folder, kernel, text) {
  const builtIn = fs.readFileSync(path.join(folder, 'modules.builtin'), 'utf8').replaceAll('-', '_');
  const available = new Map(
    fs
      .readdirSync(path.join(folder, 'kernel'), { recursive: true })
      .map(String)
      .filter((file) => file.endsWith('.ko'))
      .map((file) => [
        path.basename(file, '.ko').replaceAll('-', '_'),
        { path: `kernel/${file}`, read: () => fs.readFileSync(path.join(folder, 'kernel', file)) },
      ]),
  );
  const chosen = selectModules(
    available,
    modules.filter((name) => !builtIn.includes(`/${name}.ko\n`)),
  );
  const tables = moduleTables(chosen);
  const target = `lib/modules/${kernel}`;
  return [
    ...chosen.map(({ path: file, data }) => ({
      path: `${target}/${file}`,
      mode: fileType.file | 0o644,
      data,
    })),
    text(`${target}/modules.dep`, tables.dep),
    text(`${target}/modules.alias`, tables.alias),
    text(`${target}/modules.softdep`, tables.softdep),
    text(`${target}/modules.symbols`, ''),
  ];
}

async function tool(program, args) {
  try {
    await run(program, args, { timeout: 60_000 });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new PackagesUnavailable(`${program} is not installed`, 'Install xorriso and mtools.');
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { path: file } = await buildAmd64Iso({ log: (line) => console.error(line) });
  console.log(file);
}
