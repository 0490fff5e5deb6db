import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { kill, pid } from 'node:process';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import { createCore } from '../../src/main/core';

/**
 * A program that moves a machine and is killed before the n-th change that it makes to the names of files: `kill -9`
 * at every step. Arguments: the folders of processes' entries, of resources and of data, the machine's id, the folder
 * that it is moved into, and n. Without having been killed it says how many changes there were.
 */
const [mainFolder = '', resourcesFolder = '', dataFolder = '', id = '', into = '', at = ''] =
  process.argv.slice(2);
let counting = false;
let changes = 0;

const functions = fs as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
for (const name of ['rename', 'link', 'mkdir', 'rmdir', 'rm', 'unlink', 'utimes', 'symlink']) {
  const real = functions[name]?.bind(fs);
  functions[name] = (...args) => {
    if (counting && ++changes === Number(at)) kill(pid, 'SIGKILL');
    return real?.(...args) ?? Promise.reject(new Error(name));
  };
}
syncBuiltinESMExports();

const core = await createCore({
  dataFolder,
  resourcesFolder,
  processHost: nodeProcessHost(mainFolder),
  shell: { kind: 'browser' },
  version: '0.0.0',
  development: true,
});
counting = true;
const { jobId } = await core.handlers['machine.move']({ id, into });
const { error } = await core.jobs.ended(jobId);
counting = false;
await core.shutdown('power-off');
if (error) throw new Error(`${error.code}: ${error.message}`);
console.log(changes);
process.exit(0);
