/** A Debian package, made by dpkg-deb. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

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

/** @param {object} package_ what `fpm.mjs` has put together */
export function makeDeb({ values, tree, entries, bytes, fast }) {
  const files = entries.filter(({ kind }) => kind === 'file');
  const sums = files.map(({ path: file }) => {
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
  const compression = fast ? ['-Zgzip', '-z1'] : [`-Z${values['deb-compression'] ?? 'xz'}`];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, values.package], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
