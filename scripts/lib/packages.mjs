/** Installs the npm packages when they are missing or older than the lock file. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { root, runNpm, stampMatches, writeStamp } from './project.mjs';

const stamp = path.join(root, 'node_modules', '.vivarium-packages');

/** @returns true when something was installed; throws when npm fails */
export async function ensurePackages() {
  const lock = createHash('sha256')
    .update(fs.readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex');
  const wanted = `${lock} ${process.platform} ${process.arch}`;
  if (stampMatches(stamp, wanted)) return false;
  console.log('Installing the npm packages …');
  const status = await runNpm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) throw new Error('npm could not install the packages; see its messages above.');
  writeStamp(stamp, wanted);
  return true;
}
