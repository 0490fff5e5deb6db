#!/usr/bin/env node
/**
 * Makes a deb, an rpm or a package for pacman with the tools of the distributions. It understands what electron-builder
 * says to fpm (https://fpm.readthedocs.io) when it builds these targets, so that nothing has to be downloaded for
 * them. electron-builder finds it by CUSTOM_FPM_PATH.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeDeb } from './deb.mjs';
import { makePacman } from './pacman.mjs';
import { makeRpm } from './rpm.mjs';

const makers = { deb: makeDeb, rpm: makeRpm, pacman: makePacman };

/** electron-builder has Debian's names of processors for every kind of package. */
const architectures = { amd64: 'x86_64', arm64: 'aarch64' };

const text = { type: 'string' };
const list = { type: 'string', multiple: true };

/** The part of fpm's command line that electron-builder uses. Anything else is refused, not passed over. */
function understand(words) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      input: { ...text, short: 's' },
      target: { ...text, short: 't' },
      force: { type: 'boolean' },
      depends: { ...list, short: 'd' },
      'deb-recommends': list,
      'deb-compression': text,
      'deb-priority': text,
      'rpm-compression': text,
      'rpm-os': text,
      'rpm-summary': text,
      'rpm-tag': list,
      'pacman-compression': text,
      'pacman-optional-depends': list,
      architecture: text,
      'after-install': text,
      'after-remove': text,
      description: text,
      version: text,
      package: text,
      name: text,
      maintainer: text,
      vendor: text,
      url: text,
      category: text,
      license: text,
    },
  });
  if (values.input !== 'dir' || !Object.hasOwn(makers, values.target)) {
    throw new Error(`Only -s dir -t ${Object.keys(makers).join('|')} is known here.`);
  }
  const { architecture, target } = values;
  const other = target === 'deb' ? undefined : architectures[architecture];
  return { values: { ...values, architecture: other ?? architecture }, mappings: positionals };
}

/** Puts `from=to` into place; `from/` is a folder whose content goes there, with its links. */
function place(mapping, tree) {
  const at = mapping.lastIndexOf('=');
  const from = mapping.slice(0, at);
  const to = path.join(tree, mapping.slice(at + 1));
  if (from.endsWith('/')) fs.cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  else {
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.copyFileSync(from, to);
  }
}

/**
 * Everything below a folder, as paths from there; folders and files get the modes that packages have.
 *
 * @returns {{ path: string, kind: 'folder' | 'file' | 'link' }[]}
 */
function normalise(tree, folder = '') {
  fs.chmodSync(path.join(tree, folder), 0o755);
  return fs.readdirSync(path.join(tree, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return [{ path: name, kind: 'folder' }, ...normalise(tree, name)];
    if (!entry.isFile()) return [{ path: name, kind: 'link' }];
    const file = path.join(tree, name);
    fs.chmodSync(file, isProgram(file) ? 0o755 : 0o644);
    return [{ path: name, kind: 'file' }];
  });
}

/** Libraries are no programs, though they are often marked so. */
function isProgram(file) {
  return (fs.statSync(file).mode & 0o111) !== 0 && !/\.(so(\.\d+)*|node)$/.test(file);
}

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'vivarium-package-'));
try {
  const { values, mappings } = understand(process.argv.slice(2));
  const tree = path.join(work, 'tree');
  fs.mkdirSync(tree);
  for (const mapping of mappings) place(mapping, tree);
  const entries = normalise(tree);
  const bytes = entries
    .filter(({ kind }) => kind === 'file')
    .reduce((sum, { path: file }) => sum + fs.statSync(path.join(tree, file)).size, 0);
  // Tests look at what is in a package, not at how small it is.
  const fast = Boolean(process.env.VIVARIUM_PACKAGE_FAST);
  makers[values.target]({ values, tree, work, entries, bytes, fast });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
