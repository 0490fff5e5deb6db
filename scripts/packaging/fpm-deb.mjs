#!/usr/bin/env node
/**
 * Makes a deb with dpkg-deb. It understands what electron-builder says to fpm (https://fpm.readthedocs.io) when it
 * builds its target `deb`, so that the configuration is the same for deb, rpm and pacman, and nothing has to be
 * downloaded to build a Debian package on Debian. electron-builder finds it by CUSTOM_FPM_PATH.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

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
  if (values.target !== 'deb' || values.input !== 'dir') throw new Error('Only -s dir -t deb is known here.');
  return { values, mappings: positionals };
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

/** Every plain file below a folder, as paths from there; folders and files get the modes that packages have. */
function normalise(tree, folder = '') {
  fs.chmodSync(path.join(tree, folder), 0o755);
  return fs.readdirSync(path.join(tree, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return normalise(tree, name);
    if (!entry.isFile()) return [];
    const file = path.join(tree, name);
    fs.chmodSync(file, isProgram(file) ? 0o755 : 0o644);
    return [name];
  });
}

/** Libraries are no programs, though they are often marked so. */
function isProgram(file) {
  return (fs.statSync(file).mode & 0o111) !== 0 && !/\.(so(\.\d+)*|node)$/.test(file);
}

/** A long text as the field `Description` has it: a synopsis, and lines that begin with a space. */
function description(whole = '') {
  const [synopsis = '', ...rest] = whole.split('\n').map((line) => line.trim());
  const words = rest.join(' ').split(/\s+/).filter(Boolean);
  const lines = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 78) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return [synopsis, ...lines.map((line) => ` ${line}`)].join('\n');
}

/** `debian/control` of a binary package: https://www.debian.org/doc/debian-policy/ch-controlfields.html */
function control(values, installedKib) {
  const fields = {
    Package: values.name,
    Version: values.version,
    Architecture: values.architecture,
    Maintainer: values.maintainer,
    'Installed-Size': String(installedKib),
    Depends: values.depends?.join(', '),
    Recommends: values['deb-recommends']?.join(', '),
    Section: values.category ?? 'misc',
    Priority: values['deb-priority'] ?? 'optional',
    Homepage: values.url?.endsWith('.invalid') ? undefined : values.url,
    Description: description(values.description),
  };
  return Object.entries(fields)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

function build({ values, mappings }, tree) {
  for (const mapping of mappings) place(mapping, tree);
  const files = normalise(tree);
  const bytes = files.reduce((sum, file) => sum + fs.statSync(path.join(tree, file)).size, 0);
  const sums = files.map((file) => {
    const hash = createHash('md5').update(fs.readFileSync(path.join(tree, file)));
    return `${hash.digest('hex')}  ${file}\n`;
  });
  const meta = path.join(tree, 'DEBIAN');
  fs.mkdirSync(meta);
  fs.writeFileSync(path.join(meta, 'control'), control(values, Math.ceil(bytes / 1024)));
  fs.writeFileSync(path.join(meta, 'md5sums'), sums.join(''));
  for (const [option, script] of [
    ['after-install', 'postinst'],
    ['after-remove', 'postrm'],
  ]) {
    if (!values[option]) continue;
    fs.copyFileSync(values[option], path.join(meta, script));
    fs.chmodSync(path.join(meta, script), 0o755);
  }
  // Tests look at what is in a package, not at how small it is.
  const compression = process.env.VIVARIUM_DEB_FAST
    ? ['-Zgzip', '-z1']
    : [`-Z${values['deb-compression'] ?? 'xz'}`];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, values.package], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

const tree = fs.mkdtempSync(path.join(os.tmpdir(), 'vivarium-deb-'));
try {
  build(understand(process.argv.slice(2)), tree);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  fs.rmSync(tree, { recursive: true, force: true });
}
