/**
 * `npm run bench`: measures against peers in the same run and prints a table.
 * `-- --json`: one object a line; `-- --only NAME`: one benchmark.
 */
import path from 'node:path';
import { runnerImport } from 'vite';
import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/project.mjs';

await ensureBuild();
const { module } = await runnerImport(path.join(root, 'bench', 'main.ts'), {
  configFile: false,
  logLevel: 'error',
  resolve: { alias: { '@shared': path.join(root, 'src', 'shared') } },
});
// The module runner keeps the process alive; nothing is left to do.
process.exit(module.met ? 0 : 1);
