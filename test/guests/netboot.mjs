/**
 * A guest for tests that is not ours: Debian's installer for i386, out of the package that carries its netboot
 * image, as a CD that boots. Built once and kept under .cache/.
 *
 * From the shell: `node test/guests/netboot.mjs` prints the path of the image.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { writeIso } from '../../scripts/starter-linux/iso9660.mjs';
import { PrivateApt, unpackPackage } from '../../scripts/starter-linux/private-apt.mjs';
import { builtOnce } from './built-once.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');

const installer = 'debian-installer-12-netboot-i386';
const images = 'usr/lib/debian-installer/images/12/i386/text/debian-installer/i386';

/** A graphical boot menu, then the installer's text in a frame buffer of 800 × 600 (VBE mode 0x114). */
const bootConfiguration = `
DEFAULT vesamenu.c32
PROMPT 0
TIMEOUT 30
MENU TITLE Debian installer
MENU BACKGROUND splash.png
MENU COLOR SEL * #ffffffff #76a1d0ff *
MENU VSHIFT 8
MENU ROWS 12

LABEL install
  MENU LABEL ^Install
  KERNEL /install/linux
  APPEND vga=788 initrd=/install/initrd.gz no_timer_check --- quiet

LABEL text
  MENU LABEL Install in ^text mode
  KERNEL /install/linux
  APPEND vga=normal fb=false initrd=/install/initrd.gz no_timer_check --- quiet

LABEL serial
  MENU LABEL Install over the ^serial line
  KERNEL /install/linux
  APPEND console=ttyS0,115200 initrd=/install/initrd.gz no_timer_check --- quiet
`;

/** What the image is made of besides packages: it is built again when one of these changes. */
const inputFiles = [fileURLToPath(import.meta.url), path.join(root, 'scripts/starter-linux/iso9660.mjs')];

/**
 * @param {{ log?: (line: string) => void }} [options]
 * @returns {Promise<{ path: string, version: string }>} version of the installer's package
 * @throws {import('../../scripts/starter-linux/private-apt.mjs').PackagesUnavailable}
 */
export function buildNetbootIso({ log = () => {} } = {}) {
  return builtOnce({
    name: 'debian-netboot-i386',
    architecture: 'i386',
    inputFiles,
    build: (folder) => build(folder, log),
  });
}

async function build(folder, log) {
  const names = [installer, 'isolinux', 'syslinux-common'];
  const apt = await PrivateApt.open({ folder, release: 'bookworm', architecture: 'i386', needs: names, log });
  const packages = await Promise.all(names.map((name) => apt.show(name)));
  const files = await apt.download(packages);
  const unpacked = fs.mkdtempSync(path.join(os.tmpdir(), 'netboot-'));
  try {
    for (const [i, each] of packages.entries()) await unpackPackage(files[i], path.join(unpacked, each.name));
    const read = (name, file) => fs.readFileSync(path.join(unpacked, name, file));
    const module = (name) => read('syslinux-common', `usr/lib/syslinux/modules/bios/${name}`);
    const image = writeIso({
      volumeId: 'DEBIAN_NETBOOT_I386',
      boot: 'isolinux/isolinux.bin',
      time: Date.UTC(2025, 0, 1) / 1000,
      files: {
        'isolinux/isolinux.bin': read('isolinux', 'usr/lib/ISOLINUX/isolinux.bin'),
        'isolinux/isolinux.cfg': Buffer.from(bootConfiguration),
        'isolinux/ldlinux.c32': module('ldlinux.c32'),
        'isolinux/libcom32.c32': module('libcom32.c32'),
        'isolinux/libutil.c32': module('libutil.c32'),
        'isolinux/vesamenu.c32': module('vesamenu.c32'),
        'isolinux/splash.png': read(installer, `${images}/boot-screens/splash.png`),
        'install/linux': read(installer, `${images}/linux`),
        'install/initrd.gz': read(installer, `${images}/initrd.gz`),
      },
    });
    return { image, version: packages[0].version };
  } finally {
    fs.rmSync(unpacked, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  const { path: file } = await buildNetbootIso({ log: (line) => console.error(line) });
  console.log(file);
}
