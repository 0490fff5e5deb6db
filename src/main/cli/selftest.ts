import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toErrorValue } from '@shared/errors';
import type { SelftestResult } from '@shared/ipc/contract';
import { version } from '../../../package.json';
import { createCore } from '../core';
import { nodeProcessHost } from '../platform/node-process-host';
import { programFolders } from '../platform/program-folders';

const usage = 'Usage: npm run selftest -- boot [--engine v86|qemu]';

/**
 * Boots Starter Linux in a data folder of its own and prints one JSON line (`SelftestResult`). The exit status is
 * 0 only when the guest's shell answered; 2 when the command line makes no sense.
 */
async function main(): Promise<number> {
  const engine = engineOf(process.argv.slice(2));
  if (engine === undefined) {
    console.error(usage);
    return 2;
  }
  const result = await boot(engine);
  console.log(JSON.stringify(result));
  return result.ok ? 0 : 1;
}

function engineOf(words: string[]): string | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      options: { engine: { type: 'string', default: 'v86' } },
      allowPositionals: true,
    });
    return positionals.length === 1 && positionals[0] === 'boot' ? values.engine : undefined;
  } catch {
    return undefined; // an option that there is not
  }
}

async function boot(engine: string): Promise<SelftestResult> {
  const folders = programFolders(import.meta.url);
  const dataFolder = await mkdtemp(join(tmpdir(), 'vivarium-selftest-data-'));
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => abort.abort(new Error(`ended by ${signal}`)));
  }
  try {
    const core = await createCore({
      dataFolder,
      resourcesFolder: folders.resources,
      processHost: nodeProcessHost(folders.main),
      shell: { kind: 'browser' },
      version,
      development: true,
    });
    try {
      return await core.selftest.run(engine, { signal: abort.signal, progress: () => {} });
    } finally {
      await core.shutdown('power-off');
    }
  } catch (error) {
    return { ok: false, engine, shellMs: null, error: toErrorValue(error) };
  } finally {
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
