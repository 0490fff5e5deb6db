/**
 * `npm run torture`: kills the program thousands of times while it works on snapshots and disks; see
 * `test/helpers/torture`. `-- --kills N --programs N --seed N --folder PATH`: a folder that was begun is gone on with.
 */
import path from 'node:path';
import { createServer } from 'vite';
import { root } from './lib/project.mjs';

// Not `runnerImport`: what that has loaded can import nothing any more, and this goes on to bundle the program.
const server = await createServer({
  configFile: false,
  root,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, watch: null, hmr: false, ws: false },
  optimizeDeps: { noDiscovery: true },
  resolve: { alias: { '@shared': path.join(root, 'src', 'shared') } },
});
const { runTorture } = await server.ssrLoadModule(path.join(root, 'test', 'helpers', 'torture', 'cli.ts'));
process.exit(await runTorture(process.argv.slice(2)));
