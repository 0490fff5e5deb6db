/** `npm run vivarium -- COMMAND …`: the command line of a checkout, built first where that is needed. */
import path from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { root, run } from './lib/project.mjs';

try {
  await ensureBuild();
  process.exitCode = await run(process.execPath, [
    path.join(root, 'out', 'main', 'cli.js'),
    ...process.argv.slice(2),
  ]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
