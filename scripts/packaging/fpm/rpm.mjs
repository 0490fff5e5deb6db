/** A package for Fedora, openSUSE and others, made by rpmbuild. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** A text as a spec file has it: a percent sign would begin a macro. */
const escaped = (text) => text.replaceAll('%', '%%');
/** The same on one line. */
const plain = (text = '') => escaped(text).replace(/\s+/g, ' ').trim();

/** A path as `%files` has it. Packages have no names with which it would be hard to say. */
function listed(file) {
  if (!/^[\w./ +@~-]+$/.test(file)) throw new Error(`A file with this name cannot be in an rpm: ${file}`);
  return `"/${file}"`;
}

/** The folder of the program is the package's own; those above other files belong to the system. */
const isOwn = (folder) => /^opt\/[^/]+/.test(folder);

/** What a script of ours does, as a scriptlet: without the line that names its interpreter. */
const scriptlet = (file) => (file ? escaped(fs.readFileSync(file, 'utf8').replace(/^#!.*\n/, '')) : '');

/** https://rpm-software-management.github.io/rpm/manual/spec.html */
function spec(values, entries, payload) {
  const files = entries.flatMap(({ path: file, kind }) => {
    if (kind !== 'folder') return [listed(file)];
    return isOwn(file) ? [`%dir ${listed(file)}`] : [];
  });
  return [
    // Files are taken as they are: nothing is stripped, compressed or looked into for what it needs.
    '%global __os_install_post %{nil}',
    '%global __spec_install_pre %{nil}',
    '%global debug_package %{nil}',
    '%global _build_id_links none',
    `%global _binary_payload ${payload}`,
    `Name: ${plain(values.name)}`,
    `Version: ${plain(values.version)}`,
    'Release: 1',
    `Summary: ${plain(values['rpm-summary'] ?? values.name)}`,
    `License: ${plain(values.license)}`,
    ...(values.url && !values.url.endsWith('.invalid') ? [`URL: ${plain(values.url)}`] : []),
    ...(values.vendor ? [`Vendor: ${plain(values.vendor)}`] : []),
    ...(values.maintainer ? [`Packager: ${plain(values.maintainer)}`] : []),
    ...(values.category ? [`Group: ${plain(values.category)}`] : []),
    'AutoReqProv: no',
    ...(values.depends ?? []).map((one) => `Requires: ${plain(one)}`),
    ...(values['rpm-tag'] ?? []).map(plain),
    '',
    '%description',
    plain(values.description),
    '',
    '%post',
    scriptlet(values['after-install']),
    '%postun',
    scriptlet(values['after-remove']),
    '%install',
    '%files',
    '%defattr(-,root,root,-)',
    ...files,
    '',
  ].join('\n');
}

/** @param {object} package_ what `fpm.mjs` has put together */
export function makeRpm({ values, tree, work, entries, fast }) {
  const file = path.join(work, 'package.spec');
  fs.writeFileSync(file, spec(values, entries, fast ? 'w1.gzdio' : 'w6T0.xzdio'));
  const definitions = {
    _topdir: path.join(work, 'rpmbuild'),
    _rpmdir: work,
    _rpmfilename: 'made.rpm',
    _buildhost: 'localhost',
  };
  execFileSync(
    'rpmbuild',
    [
      ...['--quiet', '-bb', '--target', `${values.architecture}-${values['rpm-os'] ?? 'linux'}`],
      ...['--buildroot', tree],
      ...Object.entries(definitions).flatMap(([name, value]) => ['--define', `${name} ${value}`]),
      file,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  fs.copyFileSync(path.join(work, 'made.rpm'), values.package);
}
