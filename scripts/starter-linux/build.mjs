/** Builds Starter Linux: a bootable CD image for i386 made of Debian packages. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { fileType, writeCpio } from './cpio.mjs';
import { writeIso } from './iso9660.mjs';
import { moduleTables, selectModules } from './kernel-modules.mjs';
import { PrivateApt, unpackPackage } from './private-apt.mjs';
import { recipe } from './recipe.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const overlayFolder = path.join(here, 'rootfs');
const licenses = path.join(here, '../../resources/licenses');

/** All that is in the image is dated so: the same packages give the same bytes. */
const buildTime = Number(process.env.SOURCE_DATE_EPOCH ?? Date.UTC(2025, 0, 1) / 1000);

/**
 * @typedef {object} StarterLinux
 * @property {Buffer} iso
 * @property {{ version: string, kernel: string, sha256: string, size: number,
 *   packages: { name: string, version: string, source: string, sourceVersion: string }[] }} description
 */

/**
 * @param {object} options
 * @param {string} options.cacheFolder keeps package lists and packages between builds
 * @param {(line: string) => void} [options.log]
 * @returns {Promise<StarterLinux>}
 * @throws {PackagesUnavailable}
 */
export async function buildStarterLinux({ cacheFolder, log = () => {} }) {
  const { release, architecture } = recipe;
  const names = Object.keys(recipe.files);
  const apt = await PrivateApt.open({
    folder: cacheFolder,
    release,
    architecture,
    needs: [recipe.kernelMetapackage, ...names],
    log,
  });
  const metapackage = await apt.show(recipe.kernelMetapackage);
  const kernelName = metapackage.depends.find((name) => name.startsWith('linux-image-'));
  if (!kernelName) throw new Error(`${recipe.kernelMetapackage} depends on no kernel`);
  const packages = await Promise.all([kernelName, ...names].map((name) => apt.show(name)));
  const files = await apt.download(packages);

  const unpacked = fs.mkdtempSync(path.join(os.tmpdir(), 'starter-linux-'));
  try {
    log('Unpacking');
    const folderOf = (name) => path.join(unpacked, name);
    for (const [i, each] of packages.entries()) await unpackPackage(files[i], folderOf(each.name));
    log('Writing the image');
    const iso = assemble({ packages, kernelName, folderOf });
    return {
      iso,
      description: {
        version: recipe.version,
        kernel: kernelName.replace('linux-image-', ''),
        sha256: createHash('sha256').update(iso).digest('hex'),
        size: iso.length,
        packages: packages.map(({ name, version, source, sourceVersion }) => ({
          name,
          version,
          source,
          sourceVersion,
        })),
      },
    };
  } finally {
    fs.rmSync(unpacked, { recursive: true, force: true });
  }
}

function assemble({ packages, kernelName, folderOf }) {
  const kernel = kernelName.replace('linux-image-', '');
  const fromPackage = (name, file) => fs.readFileSync(path.join(folderOf(name), file));
  const entries = [
    ...overlayEntries(),
    ...packageEntries(fromPackage),
    ...moduleEntries(folderOf(kernelName), kernel),
    text('usr/lib/starter/kernel-options', `${recipe.kernelOptions} ${recipe.quietOptions}\n`),
    text('usr/lib/starter/version', `${recipe.version}\n`),
    { path: 'dev/console', mode: fileType.character | 0o600, device: [5, 1] },
    ...Object.entries(recipe.links).map(([from, to]) => ({
      path: from,
      mode: fileType.symlink | 0o777,
      data: Buffer.from(to),
    })),
  ];
  const initrd = zlib.gzipSync(writeCpio(withFolders(entries), buildTime), { level: 9 });
  const isolinux = (file) => fromPackage('isolinux', `usr/lib/ISOLINUX/${file}`);
  return writeIso({
    volumeId: recipe.volumeId,
    boot: 'isolinux/isolinux.bin',
    time: buildTime,
    files: {
      'isolinux/isolinux.bin': isolinux('isolinux.bin'),
      'isolinux/ldlinux.c32': fromPackage('syslinux-common', 'usr/lib/syslinux/modules/bios/ldlinux.c32'),
      'isolinux/isolinux.cfg': Buffer.from(bootConfiguration()),
      'isolinux/boot.txt': fs.readFileSync(path.join(here, 'boot.txt')),
      'boot/vmlinuz': fs.readFileSync(path.join(folderOf(kernelName), 'boot', `vmlinuz-${kernel}`)),
      'boot/initrd.gz': initrd,
      'licenses/gpl_2.txt': fs.readFileSync(path.join(licenses, 'GPL-2.0.txt')),
      'licenses/lgpl_2.txt': fs.readFileSync(path.join(licenses, 'LGPL-2.0.txt')),
      'licenses/lgpl_21.txt': fs.readFileSync(path.join(licenses, 'LGPL-2.1.txt')),
      'starter.txt': Buffer.from(sourcesNote(packages)),
    },
  });
}

const text = (file, content) => ({ path: file, mode: fileType.file | 0o644, data: Buffer.from(content) });

/** Scripts are told by their first two bytes, so that a checkout without permission bits builds the same. */
function overlayEntries() {
  return fs
    .readdirSync(overlayFolder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => {
      const file = path.join(each.parentPath ?? each.path, each.name);
      const data = fs.readFileSync(file);
      const isScript = data.subarray(0, 2).toString() === '#!';
      return {
        path: path.relative(overlayFolder, file).split(path.sep).join('/'),
        mode: fileType.file | (isScript ? 0o755 : 0o644),
        data,
      };
    });
}

function packageEntries(fromPackage) {
  return Object.entries(recipe.files).flatMap(([name, files]) =>
    Object.entries(files).map(([from, to]) => {
      const data = fromPackage(name, from);
      const isProgram = data.length > 4 && data.readUInt32BE(0) === 0x7f454c46;
      return { path: to, mode: fileType.file | (isProgram ? 0o755 : 0o644), data };
    }),
  );
}

function moduleEntries(kernelFolder, kernel) {
  const folder = path.join(kernelFolder, 'lib/modules', kernel);
  const available = new Map(
    fs
      .readdirSync(path.join(folder, 'kernel'), { recursive: true })
      .map(String)
      .filter((file) => file.endsWith('.ko'))
      .map((file) => {
        const module = {
          path: path.join('kernel', file).split(path.sep).join('/'),
          read: () => fs.readFileSync(path.join(folder, 'kernel', file)),
        };
        return [path.basename(file, '.ko').replaceAll('-', '_'), module];
      }),
  );
  const builtIn = fs.readFileSync(path.join(folder, 'modules.builtin'), 'utf8');
  const isBuiltIn = (name) =>
    builtIn.includes(`/${name}.ko\n`) || builtIn.includes(`/${name.replaceAll('_', '-')}.ko\n`);
  const modules = selectModules(
    available,
    recipe.modules.filter((name) => !isBuiltIn(name)),
  );
  const tables = moduleTables(modules);
  const target = `lib/modules/${kernel}`;
  return [
    ...modules.map((module) => ({
      path: `${target}/${module.path}`,
      mode: fileType.file | 0o644,
      data: module.data,
    })),
    text(`${target}/modules.dep`, tables.dep),
    text(`${target}/modules.alias`, tables.alias),
    text(`${target}/modules.softdep`, tables.softdep),
    text(`${target}/modules.symbols`, ''),
  ];
}

/** Adds the folders that the entries lie in, and the empty ones. */
function withFolders(entries) {
  const folders = new Set(recipe.folders);
  for (const { path: file } of [...entries, ...recipe.folders.map((folder) => ({ path: `${folder}/.` }))]) {
    for (let folder = path.posix.dirname(file); folder !== '.'; folder = path.posix.dirname(folder)) {
      folders.add(folder);
    }
  }
  return [
    ...[...folders].map((folder) => ({
      path: folder,
      mode: fileType.directory | (folder === 'tmp' ? 0o1777 : folder === 'root' ? 0o700 : 0o755),
    })),
    ...entries,
  ];
}

function bootConfiguration() {
  const label = (name, options) =>
    `LABEL ${name}\n  KERNEL /boot/vmlinuz\n  INITRD /boot/initrd.gz\n  APPEND ${options}\n`;
  const plain = `${recipe.kernelOptions} ${recipe.quietOptions}`;
  return [
    // A prompt for less than a second: long enough to press a key, too short to wait for.
    'DEFAULT starter\nPROMPT 1\nTIMEOUT 7\nDISPLAY boot.txt\n',
    label('starter', plain),
    label('graphics', `${plain} vga=791`),
    label('verbose', recipe.kernelOptions),
    'LABEL disk\n  LOCALBOOT 0x80\n',
  ].join('\n');
}

/** What the licences ask for: what is in here, and where its source is. */
function sourcesNote(packages) {
  const rows = packages.map(
    (each) => `  ${each.name} ${each.version}, from ${each.source} ${each.sourceVersion}`,
  );
  return `${[
    `Starter Linux ${recipe.version}`,
    '',
    `Made of unchanged programs from these packages of Debian (${recipe.release}, ${recipe.architecture}):`,
    '',
    ...rows,
    '',
    'Linux, BusyBox, SYSLINUX and e2fsprogs are under the GPL 2, the libraries under the LGPL 2 or 2.1: the texts are',
    'in the folder LICENSES. The notices of each program are in its package, under /usr/share/doc. The complete source',
    'of each is at https://snapshot.debian.org/ under the name and version of the source package given here.',
  ].join('\n')}\n`;
}
