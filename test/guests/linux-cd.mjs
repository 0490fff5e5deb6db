/**
 * What the builders of Linux guests for tests share: Debian's packages, and the initial file system with BusyBox and
 * chosen modules of Debian's kernel.
 */
import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { fileType, writeCpio } from '../../scripts/starter-linux/cpio.mjs';
import { moduleTables, selectModules } from '../../scripts/starter-linux/kernel-modules.mjs';
import { PackagesUnavailable, PrivateApt, unpackPackage } from '../../scripts/starter-linux/private-apt.mjs';
import { builtOnce } from './built-once.mjs';

const run = promisify(execFile);
/** The same image comes out whenever it is built, so times are fixed. */
const time = Date.UTC(2025, 0, 1) / 1000;

/** Reads a file of an unpacked package. @typedef {(packageName: string, file: string) => Buffer} ReadFile */

/**
 * A CD with Debian's kernel and more of its packages.
 *
 * @param {object} options
 * @param {string} options.name of the image, without extension
 * @param {string} options.architecture as Debian calls it
 * @param {string} options.release Debian's code name
 * @param {string} options.kernel the package that depends on the newest kernel
 * @param {readonly string[]} options.packages what is needed besides
 * @param {readonly string[]} options.inputFiles sources of the image: it is built again when one of them changes
 * @param {(unpacked: { read: ReadFile, work: string, kernelPackage: string, kernel: string }) => Promise<Buffer>} options.assemble
 * @param {(line: string) => void} options.log
 * @returns {Promise<{ path: string, kernel: string }>}
 * @throws {PackagesUnavailable}
 */
export async function buildLinuxCd({ name, architecture, inputFiles, log, ...recipe }) {
  const { path: file, version } = await builtOnce({
    name,
    architecture,
    inputFiles: [...inputFiles, fileURLToPath(import.meta.url)],
    build: (folder) => build({ ...recipe, architecture, folder, log }),
  });
  return { path: file, kernel: version };
}

async function build({ folder, release, architecture, kernel: newest, packages: names, assemble, log }) {
  const needs = [newest, ...names];
  const apt = await PrivateApt.open({ folder, release, architecture, needs, log });
  const { depends } = await apt.show(newest);
  const kernelPackage = depends.find((name) => name.startsWith('linux-image-'));
  if (!kernelPackage) throw new Error(`${newest} depends on no kernel`);
  const packages = await Promise.all([kernelPackage, ...names].map((name) => apt.show(name)));
  const archives = await apt.download(packages);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), `guest-${architecture}-`));
  try {
    for (const [i, each] of packages.entries()) await unpackPackage(archives[i], path.join(work, each.name));
    const kernel = kernelPackage.replace('linux-image-', '');
    const read = (name, file) => fs.readFileSync(path.join(work, name, file));
    return { image: await assemble({ read, work, kernelPackage, kernel }), version: kernel };
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/**
 * The initial file system, compressed.
 *
 * @param {object} options
 * @param {string} options.init the text of /init
 * @param {Record<string, Buffer>} options.programs by their paths
 * @param {readonly string[]} options.modules names; what they need comes with them
 * @param {string} options.modulesFolder of the unpacked kernel
 * @param {string} options.kernel its version
 * @param {Record<string, string>} [options.texts] other files, by their paths
 */
export function initialFiles({ init, programs, modules, modulesFolder, kernel, texts = {} }) {
  const program = fileType.file | 0o755;
  const text = (file, content) => ({ path: file, mode: fileType.file | 0o644, data: Buffer.from(content) });
  const entries = [
    ...Object.entries(programs).map(([file, data]) => ({ path: file, mode: program, data })),
    { path: 'init', mode: program, data: Buffer.from(init) },
    text('modules', modules.join('\n')),
    ...Object.entries(texts).map(([file, content]) => text(file, content)),
    { path: 'dev/console', mode: fileType.character | 0o600, device: [5, 1] },
    ...moduleEntries(modulesFolder, kernel, modules, text),
  ];
  const folders = new Set(['dev', 'proc', 'sys', 'run', 'mnt', 'tmp', 'bin']);
  for (const { path: file } of entries) {
    for (let up = path.posix.dirname(file); up !== '.'; up = path.posix.dirname(up)) folders.add(up);
  }
  const all = [
    ...[...folders].sort().map((path) => ({ path, mode: fileType.directory | 0o755 })),
    ...entries,
  ];
  return zlib.gzipSync(writeCpio(all, time), { level: 6 });
}

function moduleEntries(folder, kernel, modules, text) {
  const builtIn = fs.readFileSync(path.join(folder, 'modules.builtin'), 'utf8').replaceAll('-', '_');
  const available = new Map(
    fs
      .readdirSync(path.join(folder, 'kernel'), { recursive: true })
      .map(String)
      .flatMap((file) => {
        const match = /^(.*\.ko)(\.xz)?$/.exec(file);
        if (!match) return [];
        const name = path.basename(match[1], '.ko').replaceAll('-', '_');
        return [
          [name, { path: `kernel/${match[1]}`, read: () => readModule(path.join(folder, 'kernel', file)) }],
        ];
      }),
  );
  const chosen = selectModules(
    available,
    modules.filter((name) => !builtIn.includes(`/${name}.ko`)),
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

/** Newer releases compress their modules, which BusyBox does not undo. */
function readModule(file) {
  if (!file.endsWith('.xz')) return fs.readFileSync(file);
  return execFileSync('xz', ['-dc', file], { timeout: 30_000, maxBuffer: 1 << 26 });
}

/** A FAT image with an EFI system partition's contents. @param {Record<string, string>} programs by name, paths here */
export async function makeEfiImage(file, programs, mebibytes = 8) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, Buffer.alloc(mebibytes * 1024 * 1024));
  await tool('mformat', ['-i', file, '::']);
  await tool('mmd', ['-i', file, '::/EFI', '::/EFI/BOOT']);
  for (const [name, from] of Object.entries(programs)) {
    await tool('mcopy', ['-i', file, from, `::/EFI/BOOT/${name}`]);
  }
}

/** @throws {PackagesUnavailable} when the program is not installed */
export async function tool(program, args) {
  try {
    await run(program, args, { timeout: 60_000 });
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    throw new PackagesUnavailable(`${program} is not installed`, 'Install xorriso and mtools.');
  }
}
