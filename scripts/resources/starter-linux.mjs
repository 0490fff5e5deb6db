/** Keeps resources/guests/starter-linux.iso up to date with the scripts that build it. */
import fs from 'node:fs';
import path from 'node:path';
import { buildStarterLinux } from '../starter-linux/build.mjs';
import { PackagesUnavailable } from '../starter-linux/private-apt.mjs';
import { hashFolders, readIfThere, readJsonIfThere, sha256, writeWhole } from './atomic-files.mjs';
import { withBuildLock } from './build-lock.mjs';

/** How long a failure that may go away by itself (no network) is believed, in milliseconds. */
const retryAfter = 3_600_000;

/**
 * @typedef {object} StarterResult
 * @property {'fresh' | 'built' | 'kept' | 'unavailable'} state kept: an older build stays, as no new one could be made
 * @property {string} [reason]
 * @property {string} [hint]
 */

/**
 * @param {object} options
 * @param {string} options.scriptsFolder what the image depends on
 * @param {string} options.to resources/guests
 * @param {string} options.cacheFolder
 * @param {boolean} options.force builds even if nothing changed
 * @param {(line: string) => void} options.log
 * @returns {Promise<StarterResult>}
 */
export async function fillStarterLinux({ scriptsFolder, to, cacheFolder, force, log }) {
  const files = {
    iso: path.join(to, 'starter-linux.iso'),
    description: path.join(to, 'starter-linux.json'),
    unavailable: path.join(to, 'starter-linux.unavailable.json'),
  };
  const inputs = hashFolders([scriptsFolder], (file) => !file.endsWith('.test.ts'));
  if (!force) {
    const known = whatIsKnown(files, inputs);
    if (known) return known;
  }
  return withBuildLock(path.join(cacheFolder, 'build.lock'), async () => {
    const known = force ? undefined : whatIsKnown(files, inputs); // another process may have built it meanwhile
    return known ?? build({ files, inputs, cacheFolder, log });
  });
}

function isWhole(files, description) {
  const iso = readIfThere(files.iso);
  return Boolean(iso && description && iso.length === description.size && sha256(iso) === description.sha256);
}

/** @returns {StarterResult | undefined} undefined if a build is due */
function whatIsKnown(files, inputs) {
  const description = readJsonIfThere(files.description);
  if (description?.inputs === inputs && isWhole(files, description)) return { state: 'fresh' };
  const failure = readJsonIfThere(files.unavailable);
  if (failure?.inputs === inputs && Date.now() < Date.parse(failure.retryAfter)) {
    return {
      state: isWhole(files, description) ? 'kept' : 'unavailable',
      reason: failure.reason,
      hint: failure.hint,
    };
  }
  return undefined;
}

async function build({ files, inputs, cacheFolder, log }) {
  try {
    log('Building Starter Linux from Debian packages (once; about a minute)');
    const { iso, description } = await buildStarterLinux({ cacheFolder, log });
    writeWhole(files.iso, iso);
    writeWhole(files.description, `${JSON.stringify({ ...description, inputs }, null, 2)}\n`);
    fs.rmSync(files.unavailable, { force: true });
    return { state: 'built' };
  } catch (error) {
    if (!(error instanceof PackagesUnavailable)) throw error;
    const failure = { reason: error.message, hint: error.hint };
    const until = error.lasting ? new Date(0) : new Date(Date.now() + retryAfter);
    writeWhole(
      files.unavailable,
      `${JSON.stringify({ ...failure, inputs, retryAfter: until.toISOString() }, null, 2)}\n`,
    );
    const kept = isWhole(files, readJsonIfThere(files.description));
    return { state: kept ? 'kept' : 'unavailable', ...failure };
  }
}
