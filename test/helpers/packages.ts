import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
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
