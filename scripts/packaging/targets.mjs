/** Which packages this computer can build, and why not the others. */
import fs from 'node:fs';
import path from 'node:path';

/** How long a host that has electron-builder's tools may take to answer, in milliseconds. */
const answerWithinMs = 5_000;
const toolsHost = 'https://github.com/electron-userland/electron-builder-binaries/releases';

/** electron-builder's names of its targets, by system; `dir` is the program itself, unpacked. */
export const targetsOf = {
  linux: ['dir', 'tar.gz', 'zip', 'deb', 'rpm', 'AppImage', 'pacman'],
  win32: ['dir', 'nsis', 'zip'],
  darwin: ['dir', 'dmg', 'zip'],
};

/** 7-Zip by any of its names; electron-builder fetches its own where there is none. */
export const sevenZip = ['7za', '7zz', '7z'];

/**
 * What a target is made with, beyond electron-builder itself: programs of this computer, tools that are fetched, and
 * programs that do instead of those.
 */
const needs = {
  'tar.gz': { fetched: '7-Zip', instead: sevenZip },
  zip: { fetched: '7-Zip', instead: sevenZip },
  deb: { programs: ['dpkg-deb'] },
  rpm: { programs: ['rpmbuild'] },
  pacman: { programs: ['bsdtar'] },
  AppImage: { fetched: "AppImage's runtime" },
  nsis: { fetched: 'NSIS' },
};

const systems = { linux: 'Linux', win32: 'Windows', darwin: 'macOS' };

/**
 * @param {object} here
 * @param {NodeJS.Platform} here.platform
 * @param {(program: string) => boolean} here.hasProgram
 * @param {() => Promise<string | undefined>} here.toolsProblem why electron-builder's tools cannot be fetched
 * @returns {Promise<{ possible: string[], impossible: { targets: string[], reason: string }[] }>}
 */
export async function sortTargets({ platform, hasProgram, toolsProblem }) {
  const own = targetsOf[platform];
  if (!own) throw new Error(`Vivarium has no packages for ${platform}.`);
  const possible = [];
  const impossible = [];
  let asked;
  for (const target of own) {
    const { programs = [], fetched, instead = [] } = needs[target] ?? {};
    const missing = programs.filter((program) => !hasProgram(program));
    const fetches = fetched && missing.length === 0 && !instead.some(hasProgram);
    const unreachable = fetches ? await (asked ??= toolsProblem()) : undefined;
    if (missing.length > 0) impossible.push({ targets: [target], reason: `needs ${missing.join(', ')}` });
    else if (unreachable) impossible.push({ targets: [target], reason: `needs ${fetched}: ${unreachable}` });
    else possible.push(target);
  }
  for (const [other, name] of Object.entries(systems)) {
    if (other === platform) continue;
    const targets = targetsOf[other]
      .filter((target) => target !== 'dir')
      .map((target) => `${name} ${target}`);
    impossible.push({ targets, reason: `built on ${name}, where its tools and its Electron are` });
  }
  return { possible, impossible };
}

/** The file of a program; undefined where there is none. */
export function onPath(program) {
  const file = process.platform === 'win32' ? `${program}.exe` : program;
  return (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder) => path.join(folder, file))
    .find((found) => fs.existsSync(found));
}

/** Why electron-builder could not fetch its tools, or undefined. */
export async function toolsProblem() {
  const address = process.env.ELECTRON_BUILDER_BINARIES_MIRROR ?? toolsHost;
  try {
    const response = await fetch(address, { method: 'HEAD', signal: AbortSignal.timeout(answerWithinMs) });
    return response.status < 500 ? undefined : `${new URL(address).host} answers ${response.status}`;
  } catch (error) {
    const what = error.name === 'TimeoutError' ? 'does not answer' : 'is not reached';
    return `${new URL(address).host}, where electron-builder fetches it, ${what}`;
  }
}
