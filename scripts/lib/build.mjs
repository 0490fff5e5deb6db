/** Builds main, preload and renderer into `out/` when a source is newer than the last build. */
import path from 'node:path';
import { fingerprint, root, runPackage, stampMatches, writeStamp } from './project.mjs';

const stamp = path.join(root, 'out', '.build-stamp');
const inputs = [
  'src',
  'resources/gallery.json',
  'electron.vite.config.ts',
  'ui.config.ts',
  'licenses.config.ts',
  'package-lock.json',
  'tsconfig.base.json',
];

/** @returns true when it built; throws when the build fails */
export async function ensureBuild({ force = false } = {}) {
  const wanted = fingerprint(inputs);
  if (!force && stampMatches(stamp, wanted)) return false;
  console.error('Building …');
  const status = await runPackage('electron-vite', ['build', '--logLevel', 'warn'], {
    env: { ...process.env, NODE_ENV: 'production' },
    output: 'stderr',
  });
  if (status !== 0) throw new Error('The build failed; see the messages above.');
  writeStamp(stamp, wanted);
  return true;
}
