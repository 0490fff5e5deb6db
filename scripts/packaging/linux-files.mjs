/** The files of Linux packages outside the program's own folder, as `from=to` in the manner of fpm's command line. */
import path from 'node:path';
import { root } from '../lib/project.mjs';

/** What scripts/packaging/generated.mjs makes before a package is built. */
export const generatedFolder = path.join(root, '.cache', 'package');

const generated = {
  'vivarium.1.gz': '/usr/share/man/man1/vivarium.1.gz',
  'vivarium.bash': '/usr/share/bash-completion/completions/vivarium',
  'vivarium.fish': '/usr/share/fish/vendor_completions.d/vivarium.fish',
  'org.vivarium.Vivarium.metainfo.xml': '/usr/share/metainfo/org.vivarium.Vivarium.metainfo.xml',
};

/** What Debian's policy asks for; the other systems keep such things in the package's description. */
const debian = {
  copyright: '/usr/share/doc/vivarium/copyright',
  'changelog.gz': '/usr/share/doc/vivarium/changelog.gz',
  'lintian-overrides': '/usr/share/lintian/overrides/vivarium',
};

/** Where zsh looks for completions that come with packages: Debian keeps `site-functions` for the administrator. */
const zshFolder = { deb: 'vendor-completions', rpm: 'site-functions', pacman: 'site-functions' };

/** @param {'deb' | 'rpm' | 'pacman'} kind */
export function linuxFiles(kind) {
  const made = kind === 'deb' ? { ...generated, ...debian } : generated;
  return [
    ...Object.entries(made).map(([from, to]) => `${path.join(generatedFolder, from)}=${to}`),
    `${path.join(generatedFolder, '_vivarium')}=/usr/share/zsh/${zshFolder[kind]}/_vivarium`,
    `${path.join(root, 'resources/linux/usr-bin-vivarium.sh')}=/usr/bin/vivarium`,
    // By this the program knows whose business its updates are.
    `${path.join(root, 'resources/linux', `package-type-${kind}`)}=/opt/Vivarium/resources/package-type`,
    `${path.join(root, 'resources/linux/vivarium.service')}=/usr/lib/systemd/user/vivarium.service`,
    `${path.join(root, 'resources/icons/vivarium.svg')}=/usr/share/icons/hicolor/scalable/apps/vivarium.svg`,
  ];
}
