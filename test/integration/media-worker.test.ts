import { createHash } from 'node:crypto';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import type { HostedProcess, ProcessHost } from '../../src/main/platform/process-host';
import { runWorkerJob } from '../../src/main/platform/worker-job';
import { temporaryFolder } from '../helpers/temp-folder';

/** The worker process as main runs it: bundled, started, asked, cancelled, killed. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const mib = 1024 * 1024;
const started: HostedProcess[] = [];
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: ProcessHost;
// Below the project, so that packages that stay outside of the bundle are found.
const out = join(root, 'node_modules', '.cache', `worker-test-${process.pid}`);

beforeAll(async () => {
  folder = await temporaryFolder('worker-process');
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    resolve: { alias: { '@shared': join(root, 'src/shared') } },
    build: {
      ssr: true,
      target: 'node20',
      outDir: out,
      rollupOptions: {
        input: { 'worker-process': join(root, 'src/main/processes/worker/main.ts') },
        output: { format: 'es', entryFileNames: '[name].js' },
      },
    },
  });
  const real = nodeProcessHost(out);
  host = {
    start(entry, label) {
      const process = real.start(entry, label);
      started.push(process);
      return process;
    },
  };
});

afterAll(async () => {
  for (const process of started) process.kill();
  await Promise.all(started.map(({ exited }) => exited));
  await folder.remove();
  await rm(out, { recursive: true, force: true });
});

/** A sparse raw disk with data here and there. */
async function rawDisk(name: string, size: number): Promise<string> {
  const path = join(folder.path, name);
  const file = await open(path, 'w');
  await file.truncate(size);
  for (let at = 0; at < size; at += 16 * mib)
    await file.write(Buffer.alloc(mib, (at / mib) % 251), 0, mib, at);
  await file.close();
  return path;
}

describe('the worker process', () => {
  it('hashes a file and ends', async () => {
    const path = join(folder.path, 'file');
    const data = Buffer.alloc(5 * mib + 17, 7);
    await writeFile(path, data);
    const reports: number[] = [];
    const hash = await runWorkerJob(
      host,
      'hashFile',
      { path, algorithm: 'sha256' },
      { signal: new AbortController().signal, progress: (done) => reports.push(done) },
    );
    expect(hash).toBe(createHash('sha256').update(data).digest('hex'));
    expect(reports.at(-1)).toBe(data.length);
    await started.at(-1)?.exited;
  });

  it('copies a disk, telling how far it is', async () => {
    const source = await rawDisk('source.img', 256 * mib);
    const target = join(folder.path, 'copy.qcow2');
    const reports: [number, number | null][] = [];
    const answer = await runWorkerJob(
      host,
      'copyDisk',
      { source, target },
      { signal: new AbortController().signal, progress: (...report) => reports.push(report) },
    );
    expect(answer).toEqual({ virtualSize: 256 * mib });
    expect(reports.at(-1)).toEqual([256 * mib, 256 * mib]);
    expect((await readFile(target)).subarray(0, 4).toString('latin1')).toBe('QFI\xfb');
  });

  it('leaves nothing behind when it is cancelled, and ends by itself', async () => {
    const source = await rawDisk('big.img', 2048 * mib);
    const target = join(folder.path, 'cancelled.qcow2');
    const abort = new AbortController();
    const job = runWorkerJob(
      host,
      'copyDisk',
      { source, target },
      { signal: abort.signal, progress: () => abort.abort() },
    );
    await expect(job).rejects.toMatchObject({ code: 'cancelled' });
    expect(await started.at(-1)?.exited).toEqual({ code: 0, signal: null });
    expect((await readdir(folder.path)).filter((name) => name.startsWith('cancelled'))).toEqual([]);
  });

  it('answers with what is wrong, in one piece', async () => {
    const job = runWorkerJob(
      host,
      'copyDisk',
      { source: join(folder.path, 'none.img'), target: join(folder.path, 'x.qcow2') },
      { signal: new AbortController().signal, progress: () => undefined },
    );
    await expect(job).rejects.toMatchObject({ code: 'file.not-found' });
  });

  it('is told apart from a failed job when it dies', async () => {
    const source = await rawDisk('killed.img', 2048 * mib);
    const job = runWorkerJob(
      host,
      'copyDisk',
      { source, target: join(folder.path, 'killed.qcow2') },
      { signal: new AbortController().signal, progress: () => started.at(-1)?.kill() },
    );
    await expect(job).rejects.toMatchObject({ code: 'internal' });
  });
});
