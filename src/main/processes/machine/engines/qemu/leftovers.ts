import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { Failure } from '@shared/errors';
import { writeAtomic } from '../../../../platform/atomic-file';
import { bootId } from '../../../../platform/file-lock';
import { QmpClient } from '../../../../platform/qmp/qmp-client';
import { processStart } from './process-identity';
import { socketsIn } from './sockets';

/**
 * Who runs a machine is written into its folder, so that a QEMU which outlived us (its machine process was killed
 * on a system that does not end it then) is found before its disks are opened a second time.
 */
const record = z.object({
  pid: z.number().int().positive(),
  /** See `processStart`. */
  started: z.string().nullable(),
  owner: z.object({ pid: z.number().int().positive(), started: z.string().nullable() }),
  bootId: z.string(),
  /** The folder with its sockets. */
  sockets: z.string(),
});
type QemuRecord = z.infer<typeof record>;

const recordName = /^\.qemu-\d+\.json$/;
/** How long a QEMU that was asked to end may take, in milliseconds. */
const quitMs = 5000;

export interface RunRecord {
  remove(): Promise<void>;
}

/** Writes down that a QEMU runs for this process. @throws the errors of `node:fs` */
export async function writeRecord(folder: string, pid: number, sockets: string): Promise<RunRecord> {
  const path = join(folder, `.qemu-${pid}.json`);
  const value: QemuRecord = {
    pid,
    started: (await processStart(pid)) ?? null,
    owner: { pid: process.pid, started: (await processStart(process.pid)) ?? null },
    bootId: await bootId(),
    sockets,
  };
  await writeAtomic(path, JSON.stringify(value));
  return { remove: () => rm(path, { force: true }) };
}

/**
 * Ends every QEMU of this machine whose machine process is gone. To be called by the holder of the machine's lock.
 *
 * @param log told what was found
 * @throws Failure `machine.locked` when one does not end; `file.*`
 */
export async function endLeftovers(folder: string, log: (line: string) => void): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!recordName.test(name)) continue;
    const path = join(folder, name);
    const found = await readRecord(path);
    if (found && (await isOwned(found))) continue;
    if (found) await endOne(found, log);
    await rm(path, { force: true });
  }
}

async function readRecord(path: string): Promise<QemuRecord | undefined> {
  try {
    return record.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined; // torn or foreign: nothing can be learnt from it
  }
}

async function isOwned({ owner, bootId: boot }: QemuRecord): Promise<boolean> {
  return boot === (await bootId()) && (await lives(owner.pid, owner.started));
}

/** Whether a process is there and is the one that was meant. */
async function lives(pid: number, started: string | null): Promise<boolean> {
  const now = await processStart(pid);
  return now !== undefined && now === started;
}

async function endOne(found: QemuRecord, log: (line: string) => void): Promise<void> {
  const { pid, started, sockets } = found;
  if (found.bootId === (await bootId()) && (await lives(pid, started))) {
    log(`QEMU ${pid} of an earlier run still lives; it is ended before its disks are opened again.`);
    await askToQuit(sockets).catch(() => {
      log('It cannot be reached by its socket; it is asked by a signal.');
      process.kill(pid, 'SIGTERM');
    });
    if (!(await gone(found, quitMs))) {
      log('It did not end by itself, and is killed.');
      process.kill(pid, 'SIGKILL');
    }
    if (!(await gone(found, quitMs))) {
      throw new Failure('machine.locked', `A QEMU of an earlier run (process ${pid}) cannot be ended.`, {
        hint: 'End it, or restart the computer; until then its disks must not be opened.',
      });
    }
  }
  // Made by us, by its name; anything else is left alone.
  if (basename(sockets).startsWith('q-') && dirname(sockets) !== '/') {
    await rm(sockets, { recursive: true, force: true });
  }
}

async function askToQuit(sockets: string): Promise<void> {
  const client = await QmpClient.connect({ path: socketsIn(sockets).control }, { timeoutMs: 1000 });
  try {
    await client.execute('quit', {}, 1000);
  } finally {
    client.close();
  }
}

async function gone({ pid, started }: QemuRecord, limitMs: number): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (await lives(pid, started)) {
    if (performance.now() >= end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
