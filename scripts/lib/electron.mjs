/** Finds Electron's program, fetching it where it can be had, without ever making a person wait for nothing. */
import fs from 'node:fs';
import path from 'node:path';
import { root, run } from './project.mjs';

const folder = path.join(root, 'node_modules', 'electron');
const failure = path.join(root, 'node_modules', '.cache', 'vivarium', 'electron-unreachable');
/** How long the release host may take to answer before we go on without it. */
const answerWithinMs = 8_000;
/** A failed attempt is not repeated before this much time has passed. */
const retryAfterMs = 24 * 60 * 60 * 1000;

/** The path of Electron's program if it is on this computer. */
export function installedElectron() {
  const file = programName();
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const program = override ? path.join(override, file) : path.join(folder, 'dist', file);
  return fs.existsSync(program) ? program : undefined;
}

function programName() {
  if (process.platform === 'win32') return 'electron.exe';
  if (process.platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron';
  return 'electron';
}

/** @returns the program's path, or `{ reason }` for a person */
export async function findElectron() {
  const installed = installedElectron();
  if (installed) return { program: installed };
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  if (failedRecently(version)) {
    return {
      reason: `Electron ${version} could not be fetched at an earlier start (tried again once a day)`,
    };
  }
  const problem = await releaseProblem(version);
  if (problem) {
    remember(version);
    return { reason: `Electron ${version} cannot be fetched (${problem})` };
  }
  console.log(`Fetching Electron ${version} …`);
  const status = await run(process.execPath, [path.join(folder, 'install.js')]);
  const fetched = installedElectron();
  if (status === 0 && fetched) return { program: fetched };
  remember(version);
  return { reason: `Electron ${version} could not be fetched` };
}

/** Asks the release host for a small file of that version, so that an unreachable host costs seconds only. */
async function releaseProblem(version) {
  const mirror =
    process.env.ELECTRON_MIRROR ??
    process.env.npm_config_electron_mirror ??
    'https://github.com/electron/electron/releases/download/';
  try {
    const response = await fetch(`${mirror}v${version}/SHASUMS256.txt`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(answerWithinMs),
    });
    return response.ok ? undefined : `the release host answers ${response.status}`;
  } catch (error) {
    return error.name === 'TimeoutError'
      ? 'the release host does not answer'
      : 'the release host is not reached';
  }
}

function failedRecently(version) {
  try {
    const [failed, at] = fs.readFileSync(failure, 'utf8').split(' ');
    return failed === version && Date.now() - Number(at) < retryAfterMs;
  } catch {
    return false;
  }
}

function remember(version) {
  fs.mkdirSync(path.dirname(failure), { recursive: true });
  fs.writeFileSync(failure, `${version} ${Date.now()}`);
}
