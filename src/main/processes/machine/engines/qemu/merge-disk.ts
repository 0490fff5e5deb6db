import { type FileHandle, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { PullOptions } from '../../../../disks/block-device';
import { chainOf } from '../../../../disks/chain/chain';
import { hasTakenOver } from '../../../../disks/chain/taken-over';
import { hostFailure } from '../../../../disks/host-file';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';

const pollMs = 100;
/** For what waits until QEMU has put everything onto the host's disk. */
const slowMs = 60_000;

/** What is merged into the image that a disk writes to. */
export interface DiskMerge {
  disk: string;
  /** The block node of that image, and where the image lies. */
  node: string;
  path: string;
  /** The node of the image that the disk began with, which QEMU keeps open until it is told not to. */
  first: string;
  /** What stays below, in the same folder; null: nothing. */
  below: string | null;
}

/**
 * Has QEMU take over what lies between a disk's image and another one below it, while the guest runs. QEMU names what
 * stays below in the image's header without having written the tables that it keeps in memory: killed then, it would
 * lose what it has taken over. So it waits before that until they are written, and until the file itself says so.
 *
 * @throws Failure `cancelled`, `engine.failed`, `ipc.closed`, `file.*`; the guest reads what it did before
 */
export async function mergeDisk(client: QmpClient, merge: DiskMerge, options: PullOptions): Promise<void> {
  const { disk, node, path, first, below } = merge;
  const layers = await layersOf(path, below);
  if (layers.length === 0) return;
  // Opened now: only so a fault of writing back is told that happens meanwhile.
  const file = await open(path, 'r').catch((error: unknown) => {
    throw hostFailure(error, 'open', path);
  });
  const id = `merge-${disk}`;
  try {
    await begin(client, id, merge);
    try {
      await copied(client, id, options);
      await writeBack(client, merge, file);
      if (!(await hasTakenOver(path, layers))) {
        throw new Failure('engine.failed', phrase('merge.qemuNotWritten', { path }));
      }
      refuseIfEnded(options);
      await client.execute('job-finalize', { id }, slowMs);
      await concluded(client, id);
    } finally {
      await away(client, id);
    }
    // Nothing may be removed before its name is out of the header for good.
    await writeBack(client, merge, file);
  } finally {
    await file.close();
  }
  if (node === first) return;
  // Refused where it is still in use: it is what stays, or below that.
  await client.execute('blockdev-del', { 'node-name': first }, slowMs).catch((error: unknown) => {
    if (toErrorValue(error).code !== 'engine.failed') throw error;
  });
}

/** Has QEMU write the tables that it keeps in memory, and the host put everything onto its disk. @throws Failure */
async function writeBack(client: QmpClient, { node, path }: DiskMerge, file: FileHandle): Promise<void> {
  // For people only, but the one way to do this while the guest runs; whether it worked is not told.
  await client.execute('human-monitor-command', { 'command-line': `qemu-io ${node} flush` }, slowMs);
  // Windows lets only those do this who may write, and QEMU lets nobody write: there its own flush has to do.
  if (process.platform === 'win32') return;
  try {
    await file.datasync();
  } catch (error) {
    throw hostFailure(error, 'write', path);
  }
}

/** The images that are to be merged, as the headers have them. @throws Failure `input.invalid` */
async function layersOf(path: string, below: string | null): Promise<string[]> {
  const [, ...chain] = await chainOf(path);
  if (below === null) return chain;
  const end = chain.indexOf(resolve(dirname(path), below));
  if (end >= 0) return chain.slice(0, end);
  throw new Failure('input.invalid', phrase('merge.notBasedOn', { path, below }));
}

async function begin(client: QmpClient, id: string, { node, path, below }: DiskMerge): Promise<void> {
  const job = { 'job-id': id, device: node, 'auto-finalize': false, 'auto-dismiss': false } as const;
  if (below === null) {
    await client.execute('block-stream', job, slowMs);
    return;
  }
  const wanted = resolve(dirname(path), below);
  const nodes = await client.execute('query-named-block-nodes', { flat: true });
  const named = nodes.filter(({ file, drv }) => drv !== 'file' && fileOf(file) === wanted);
  // Where another disk has the same image below it, QEMU says which of the nodes is not the one.
  let refused: unknown = new Failure('engine.failed', phrase('merge.notBasedOn', { path, below }));
  for (const { 'node-name': base } of named) {
    try {
      await client.execute('block-stream', { ...job, 'base-node': base, 'backing-file': below }, slowMs);
      return;
    } catch (error) {
      if (toErrorValue(error).code !== 'engine.failed') throw error;
      refused = error;
    }
  }
  throw refused;
}

/** The file of a node, which QEMU describes as JSON where its path does not say everything. */
function fileOf(file: string): string | undefined {
  if (!file.startsWith('json:')) return file;
  try {
    const { file: inner } = JSON.parse(file.slice('json:'.length)) as { file?: { filename?: unknown } };
    return typeof inner?.filename === 'string' ? inner.filename : undefined;
  } catch {
    return undefined;
  }
}

type JobState = { status: string; error?: string | undefined };

/** Resolves when everything has been copied; the job waits then. @throws Failure */
async function copied(client: QmpClient, id: string, options: PullOptions): Promise<void> {
  for (;;) {
    refuseIfEnded(options);
    const job = await stateOf(client, id);
    options.onProgress?.(job['current-progress'], job['total-progress']);
    if (job.status === 'pending') return;
    if (job.status === 'concluded') throw failed(job);
    await wait();
  }
}

/** @throws Failure why it has not happened */
async function concluded(client: QmpClient, id: string): Promise<void> {
  for (;;) {
    const job = await stateOf(client, id);
    if (job.status !== 'concluded') {
      await wait();
      continue;
    }
    if (job.error !== undefined) throw failed(job);
    return;
  }
}

/** Sees to it that there is no such job any more, whatever it was doing. @throws Failure `ipc.closed`, `timeout` */
async function away(client: QmpClient, id: string): Promise<void> {
  for (;;) {
    const job = (await client.execute('query-jobs', {})).find((one) => one.id === id);
    if (!job) return;
    if (job.status === 'concluded') await client.execute('job-dismiss', { id });
    else await client.execute('job-cancel', { id }).catch(unlessRefused);
    await wait();
  }
}

/** One that is just ending by itself cannot be cancelled. */
function unlessRefused(error: unknown): void {
  if (toErrorValue(error).code !== 'engine.failed') throw error;
}

async function stateOf(
  client: QmpClient,
  id: string,
): Promise<JobState & { 'current-progress': number; 'total-progress': number }> {
  const job = (await client.execute('query-jobs', {})).find((one) => one.id === id);
  if (job) return job;
  throw new Failure('engine.failed', phrase('merge.qemuFailed'));
}

function failed({ error }: JobState): Failure {
  return new Failure('engine.failed', phrase('merge.qemuFailed'), { cause: error });
}

function refuseIfEnded({ signal }: PullOptions): void {
  if (signal?.aborted) throw new Failure('cancelled', phrase('merge.ended'));
}

function wait(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pollMs));
}
