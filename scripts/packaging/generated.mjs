/** What packages hold beside the program and is made by a script: manual page, completions, metadata, Debian's papers. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { manifest, root } from '../lib/project.mjs';
import { home, nowhere } from './origin.mjs';
import { generatedFolder } from './linux-files.mjs';

/** What the program's own command line prints. */
function printed(...words) {
  return execFileSync(process.execPath, [path.join(root, 'out', 'main', 'cli.js'), ...words], {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
}

/** The day of the release: of the build, where nobody says otherwise (https://reproducible-builds.org/specs/source-date-epoch/). */
const released = new Date(
  process.env.SOURCE_DATE_EPOCH ? Number(process.env.SOURCE_DATE_EPOCH) * 1000 : Date.now(),
);

/** A date as Debian's changelogs have it (RFC 5322). */
const mailDate = released.toUTCString().replace('GMT', '+0000');

function metainfo() {
  const text = fs
    .readFileSync(path.join(root, 'resources', 'linux', 'org.vivarium.Vivarium.metainfo.xml'), 'utf8')
    .replace('@VERSION@', manifest.version)
    .replace('@DATE@', released.toISOString().slice(0, 10));
  return home === nowhere
    ? text
    : text.replace('  <launchable', `  <url type="homepage">${home}</url>\n  <launchable`);
}

/** What Debian wants to know of a package: https://www.debian.org/doc/debian-policy/ch-docs.html */
function debianPapers({ maintainer, version }) {
  const license = fs.readFileSync(path.join(root, 'LICENSE'), 'utf8');
  return {
    copyright: [
      'Vivarium carries programs and libraries of others. Their names, versions, licences and sources are in',
      '/opt/Vivarium/resources/vivarium/licenses, those of Electron and Chromium in',
      '/opt/Vivarium/LICENSE.electron.txt and /opt/Vivarium/LICENSES.chromium.html.',
      'The full text of the GNU licences is in /usr/share/common-licenses as well.',
      '',
      'Vivarium itself:',
      '',
      license,
    ].join('\n'),
    'changelog.gz': compressed(
      `vivarium (${version}) stable; urgency=medium\n\n  * Release ${version}.\n\n -- ${maintainer}  ${mailDate}\n`,
    ),
    'lintian-overrides': fs.readFileSync(path.join(root, 'resources', 'linux', 'lintian-overrides'), 'utf8'),
  };
}

/** The same bytes for the same text: without a name or a time in them. */
function compressed(text) {
  return gzipSync(text, { level: 9 });
}

/**
 * Fills `.cache/package`, but for the licences (notices.mjs).
 *
 * @param {{ maintainer: string, version: string }} about
 */
export function generate(about) {
  const files = {
    'vivarium.1.gz': compressed(printed('help', '--man')),
    'vivarium.bash': printed('completion', 'bash'),
    'vivarium.fish': printed('completion', 'fish'),
    _vivarium: printed('completion', 'zsh'),
    'org.vivarium.Vivarium.metainfo.xml': metainfo(),
    ...debianPapers(about),
  };
  fs.mkdirSync(generatedFolder, { recursive: true });
  for (const [name, content] of Object.entries(files))
    fs.writeFileSync(path.join(generatedFolder, name), content);
}
