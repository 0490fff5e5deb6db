import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { arch, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { QemuHost } from '../../src/main/host/qemu/qemu-host';

/** Where the setup of a run of tests tells its files what it has found out about QEMU. */
const knownQemuVariable = 'VIVARIUM_TEST_QEMU';

/** Set by `npm test`, which runs all files; whoever runs one of them need not wait for what only another one uses. */
const wholeRunVariable = 'VIVARIUM_TEST_WHOLE';

/**
 * Before the first file of a run of all: asks each QEMU of this computer what it can do, and tries its accelerators. That
 * takes seconds, and every program that starts with a data folder of its own would do it again. Gives what undoes it.
 */
export default async function findOutQemu(): Promise<() => Promise<void>> {
  // One run of tests may have several projects that want it.
  const known = process.env[knownQemuVariable] !== undefined;
  if (known || process.env[wholeRunVariable] === undefined) return async () => {};
  const folder = await mkdtemp(join(tmpdir(), 'vivarium-known-'));
  const host = new QemuHost({
    platform: process.platform,
    env: process.env,
    hostArchitecture: arch(),
    size: { memoryMiB: Math.floor(totalmem() / 2 ** 20), processors: cpus().length },
    bundled: join(folder, 'none'),
    cacheFolder: folder,
  });
  await host.facts();
  process.env[knownQemuVariable] = folder;
  return async () => {
    delete process.env[knownQemuVariable];
    await rm(folder, { recursive: true, force: true });
  };
}

/** Puts what this run of tests has found out about QEMU where a program with this data folder looks for it. */
export async function knowQemu(dataFolder: string): Promise<void> {
  const known = process.env[knownQemuVariable];
  if (known === undefined) return;
  const cache = join(dataFolder, 'cache');
  await mkdir(cache, { recursive: true, mode: 0o700 });
  await cp(known, cache, { recursive: true, force: false });
}
