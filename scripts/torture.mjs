/**
 * `npm run torture`: kills the program thousands of times while it works on snapshots and disks; see
 * `test/helpers/torture`. `-- --kills N --seed N --folder PATH`: a folder that was begun is gone on with.
 */
import path from 'node:path';
import { runnerImport } from 'vite';
import { root } from './lib/project.mjs';

const { module } = await runnerImport(path.join(root, 'test', 'helpers', 'torture', 'cli.ts'), {
  configFile: false,
  logLevel: 'error',
  resolve: { alias: { '@shared': path.join(root, 'src', 'shared') } },
});
const status = await module.runTorture(process.argv.slice(2));
// The module runner keeps the process alive; nothing is left to do.
process.exit(status);
