import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { toErrorValue } from '@shared/errors';
import type { SelftestResult } from '@shared/ipc/contract';
import { version } from '../../../package.json';
import { createCore } from '../core';
import { nodeProcessHost } from '../platform/node-process-host';
import { type NetworkSelftest, networkSelftest } from '../selftest/network';
import { type SnapshotSelftest, snapshotSelftest } from '../selftest/snapshot';
import { programFolders } from '../platform/program-folders';

const usage = 'Usage: npm run selftest -- boot|snapshot|network [--engine v86|qemu]';
const tests = ['boot', 'snapshot', 'network'] as const;
type Test = (typeof tests)[number];

/**
 * Tries something with Starter Linux in a data folder of its own and prints one JSON line: `boot` that its shell
 * answers (`SelftestResult`), `snapshot` that its memory and disk come back (`SnapshotSelftest`), `network` that it
 * reaches this computer and is reached from it (`NetworkSelftest`). The exit status is
 * 0 only when that is so; 2 when the command line makes no sense.
 */
async function main(): Promise<number> {
  const wanted = wantedBy(process.argv.slice(2));
  if (wanted === undefined) {
    console.error(usage);
    return 2;
  }
  const result = await tryOut(wanted.test, wanted.engine);
  console.log(JSON.stringify(result));
  return result.ok ? 0 : 1;
}

function wantedBy(words: string[]): { test: Test; engine: string } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      options: { engine: { type: 'string', default: 'v86' } },
      allowPositionals: true,
    });
    const test = tests.find((one) => one === positionals[0]);
    return positionals.length === 1 && test ? { test, engine: values.engine } : undefined;
  } catch {
    return undefined; // an option that there is not
  }
}

async function tryOut(
  test: Test,
  engine: string,
): Promise<SelftestResult | SnapshotSelftest | NetworkSelftest> {
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
      if (test === 'snapshot') return await snapshotSelftest(engine, core, abort.signal);
      if (test === 'network') return await networkSelftest(engine, core, abort.signal);
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
