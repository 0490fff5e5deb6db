import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { withBuildLock } from '../../scripts/resources/build-lock.mjs';
import { electronProgram } from './programs';

const run = promisify(execFile);
const packages = path.resolve('.cache/test-packages');

/** What the packages are made of, beside the built program. */
const inputs = [
  'electron-builder.config.mjs',
  'package.json',
  'scripts/dist.mjs',
  'scripts/packaging',
  'resources',
];

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(await readFile('out/.build-stamp'));
  for (const input of inputs) {
    const files = input.includes('.') ? [input] : await readdir(input, { recursive: true });
    for (const file of files.sort()) {
      const name = input === file ? file : path.join(input, file);
      hash.update(name).update(await readFile(name).catch(() => ''));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * The packages of this system as `npm run dist` makes them, but for compression: the program unpacked, and a deb where
 * one can be made. Built once for all tests of the same sources.
 *
 * @returns the folder that they are in
 */
export async function builtPackages(): Promise<string> {
  const folder = path.join(packages, await fingerprint());
  if (existsSync(folder)) return folder;
  // Two files of tests may ask at the same time.
  await withBuildLock(path.resolve('.cache/test-packages.lock'), async () => {
    if (!existsSync(folder)) await build(folder);
  });
  return folder;
}

async function build(folder: string): Promise<void> {
  await rm(packages, { recursive: true, force: true });
  const targets = existsSync('/usr/bin/dpkg-deb') ? ['dir', 'deb'] : ['dir'];
  const unfinished = `${folder}.new`;
  await run(process.execPath, ['scripts/dist.mjs', ...targets, '--fast', `--output=${unfinished}`], {
    env: { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: path.dirname(electronProgram ?? '') },
    maxBuffer: 16 * 1024 * 1024,
  });
  await rename(unfinished, folder);
}

/** The program in a folder of `builtPackages`. */
export const unpackedProgram = (folder: string): string => path.join(folder, 'linux-unpacked', 'vivarium');

/** The deb in a folder of `builtPackages`. */
export async function debIn(folder: string): Promise<string> {
  const name = (await readdir(folder)).find((file) => file.endsWith('.deb'));
  if (!name) throw new Error(`There is no deb in ${folder}`);
  return path.join(folder, name);
}

/** The file format of `ar`, which a deb is: a magic line, then for each member 60 bytes of text and the data. */
const arMagic = '!<arch>\n';
const arHeader = 60;

/**
 * The same package with another version in its description. Only that part is written anew: what it installs is
 * copied as it is, where unpacking and packing hundreds of megabytes would take its time.
 *
 * @param work an empty folder
 */
export async function withVersion(deb: string, version: string, work: string): Promise<string> {
  await run('dpkg-deb', ['--control', deb, path.join(work, 'control')]);
  const control = path.join(work, 'control', 'control');
  await writeFile(
    control,
    (await readFile(control, 'utf8')).replace(/^Version: .*$/m, `Version: ${version}`),
  );
  const archive = path.join(work, 'control.tar');
  await run('tar', [
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '-C',
    path.dirname(control),
    '-cf',
    archive,
    '.',
  ]);

  const copy = path.join(work, 'copy.deb');
  const from = await open(deb, 'r');
  const to = await open(copy, 'w');
  try {
    await to.write(arMagic);
    const { size: end } = await from.stat();
    for (let at = arMagic.length; at < end;) {
      const header = Buffer.alloc(arHeader);
      await from.read(header, 0, arHeader, at);
      const name = header.toString('latin1', 0, 16).trim();
      const size = Number(header.toString('latin1', 48, 58));
      if (name.startsWith('control.tar')) await putMember(to, 'control.tar', await readFile(archive));
      else {
        await to.write(header);
        await copyBytes(from, to, at + arHeader, size + (size % 2));
      }
      at += arHeader + size + (size % 2);
    }
  } finally {
    await from.close();
    await to.close();
  }
  return copy;
}

async function putMember(to: FileHandle, name: string, data: Buffer): Promise<void> {
  const fields = [name.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '100644'.padEnd(8)];
  await to.write(`${fields.join('')}${String(data.length).padEnd(10)}\`\n`);
  await to.write(data);
  if (data.length % 2 === 1) await to.write('\n');
}

async function copyBytes(from: FileHandle, to: FileHandle, at: number, length: number): Promise<void> {
  const piece = Buffer.alloc(4 * 1024 * 1024);
  for (let done = 0; done < length;) {
    const { bytesRead } = await from.read(piece, 0, Math.min(piece.length, length - done), at + done);
    if (bytesRead === 0) throw new Error('The package ends in the middle of a member');
    await to.write(piece, 0, bytesRead);
    done += bytesRead;
  }
}
