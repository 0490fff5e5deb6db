/**
 * `npm run selftest -- boot --engine v86`: boots Starter Linux without a screen and prints one JSON line.
 * Exit status 0 only if the guest's shell answered a computed question.
 */
import path from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { root, run } from './lib/project.mjs';

try {
  await ensureBuild();
  process.exitCode = await run(process.execPath, [
    path.join(root, 'out', 'main', 'selftest.js'),
    ...process.argv.slice(2),
  ]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
