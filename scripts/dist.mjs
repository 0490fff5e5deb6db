/** `npm run dist`: builds the packaged program for this computer into `dist/`. Further options go to electron-builder. */
import fs from 'node:fs';
import path from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { root, run, runPackage } from './lib/project.mjs';

try {
  await ensurePackages();
  if ((await run(process.execPath, [path.join(root, 'scripts', 'resources.mjs')])) !== 0) {
    throw new Error('The resources could not be built.');
  }
  await ensureBuild();
  // An Electron that is already unpacked somewhere is used as it is, with the version that it says it has.
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const local = dist
    ? [
        `-c.electronDist=${dist}`,
        `-c.electronVersion=${fs.readFileSync(path.join(dist, 'version'), 'utf8').trim().replace(/^v/, '')}`,
      ]
    : [];
  const status = await runPackage('electron-builder', [
    '--config',
    'electron-builder.config.mjs',
    '--publish',
    'never',
    ...local,
    ...process.argv.slice(2),
  ]);
  if (status !== 0) throw new Error('electron-builder failed; see its messages above.');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
