/** A package for Arch and others, made by bsdtar. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** `.PKGINFO`: https://man.archlinux.org/man/alpm-package-files.7 and makepkg's own. One line for each value. */
function packageInfo(values, bytes) {
  const [synopsis = ''] = (values.description ?? '').split('\n');
  const fields = [
    ['pkgname', values.name],
    ['pkgbase', values.name],
    ['pkgver', `${values.version}-1`],
    ['pkgdesc', synopsis.trim()],
    ['url', values.url?.endsWith('.invalid') ? undefined : values.url],
    ['builddate', String(Math.floor(Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000)))],
    ['packager', values.maintainer],
    ['size', String(bytes)],
    ['arch', values.architecture],
    ['license', values.license],
    ...(values.depends ?? []).map((one) => ['depend', one]),
    ...(values['pacman-optional-depends'] ?? []).map((one) => ['optdepend', one]),
  ];
  return fields
    .filter(([, value]) => value)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/**
 * `.INSTALL`: our scripts as functions, each in a shell of its own, which it may end. pacman gives them versions; our
 * scripts want to hear what is done.
 */
function installScript(values) {
  const body = (option) => fs.readFileSync(values[option], 'utf8').replace(/^#!.*\n/, '');
  const named = (name, what, option) =>
    values[option] ? `${name}() (\nset -- ${what}\n${body(option)})\n` : '';
  return [
    named('post_install', 'configure', 'after-install'),
    named('post_upgrade', 'configure', 'after-install'),
    named('post_remove', 'remove', 'after-remove'),
  ].join('\n');
}

/** @param {object} package_ what `fpm.mjs` has put together */
export function makePacman({ values, tree, bytes, fast }) {
  fs.writeFileSync(path.join(tree, '.PKGINFO'), packageInfo(values, bytes));
  fs.writeFileSync(path.join(tree, '.INSTALL'), installScript(values));
  const content = fs.readdirSync(tree).sort();
  const bsdtar = (...words) =>
    execFileSync('bsdtar', ['--uid', '0', '--gid', '0', '--uname', 'root', '--gname', 'root', ...words], {
      cwd: tree,
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  // What pacman checks installed files by (mtree(5)).
  const checked = '!all,use-set,type,uid,gid,mode,time,size,sha256,link';
  bsdtar('-czf', '.MTREE', '--format=mtree', `--options=${checked}`, ...content);
  const compression = fast ? ['-z'] : ['--xz', '--options=xz:threads=0'];
  bsdtar('-cf', values.package, ...compression, '.MTREE', ...content);
}
