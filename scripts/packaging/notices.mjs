/** Gathers what goes along with a package about what is in it: licences, where sources are had, a bill of materials. */
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../lib/project.mjs';
import { generatedFolder } from './linux-files.mjs';
import { billOfMaterials } from './sbom.mjs';
import * as shipped from './shipped.mjs';

const rule = `\n\n${'─'.repeat(80)}\n\n`;

/** The text that licences ask to be handed on: each package with its own. */
function notices(packages) {
  const one = ({ name, version, license, homepage, text }) =>
    `${name} ${version} (${license}) ${homepage}`.trim().concat('\n\n', text);
  return `${packages.map(one).join(rule)}\n`;
}

/** Where each program of Starter Linux comes from, in exact versions; the GNU licences ask for it. */
function starterSources(packages) {
  const address = (source, version) =>
    `https://snapshot.debian.org/package/${source}/${encodeURIComponent(version)}/`;
  const lines = packages.flatMap(({ name, version, source, sourceVersion }) => {
    // Debian's signed kernels have a source package of signatures, and the source of Linux in another one.
    const signed = source.startsWith('linux-signed-');
    const addresses = [address(source, sourceVersion), ...(signed ? [address('linux', version)] : [])];
    return [`${name} ${version}`, ...addresses.map((one) => `    ${one}`)];
  });
  return `${[
    'Starter Linux holds unchanged programs of these packages of Debian (i386). Below each stands where the complete',
    'source of that very version is had, for as long as Debian keeps its archive; README.md names the licences.',
    '',
    ...lines,
  ].join('\n')}\n`;
}

/**
 * Fills `.cache/package/licenses` anew.
 *
 * @param {string} electronVersion
 * @throws Error when something is in the program of which nobody knows the licence
 */
export async function gatherNotices(electronVersion) {
  const folder = path.join(generatedFolder, 'licenses');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.cpSync(path.join(root, 'resources', 'licenses'), folder, {
    recursive: true,
    filter: (file) => path.basename(file) !== 'packages',
  });
  fs.copyFileSync(path.join(root, 'LICENSE'), path.join(folder, 'vivarium-MIT.txt'));
  const parts = {
    'third-party-main.txt': [...shipped.bundled('main'), ...shipped.bundled('preload')],
    'third-party-windows.txt': shipped.bundled('renderer'),
    'third-party-modules.txt': shipped.modules(),
  };
  for (const [name, packages] of Object.entries(parts))
    fs.writeFileSync(path.join(folder, name), notices(packages));
  const starter = shipped.starterLinux();
  fs.writeFileSync(path.join(folder, 'starter-linux-sources.txt'), starterSources(starter));
  const all = [
    ...Object.values(parts).flat(),
    shipped.electron(electronVersion),
    shipped.firmware(),
    ...starter,
  ];
  fs.writeFileSync(path.join(folder, 'vivarium.cdx.json'), await billOfMaterials(all));
}
