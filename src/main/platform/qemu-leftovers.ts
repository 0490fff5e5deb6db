import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { writeAtomic } from './atomic-file';
import { bootId, isAlive } from './file-lock';
import { processStart } from './process-start';
import { endSignal } from './program';
import { connectOnce, QmpClient } from './qmp/qmp-client';

/** The name of QEMU's control socket in the folder of its sockets. */
export const controlSocket = 'q';

/**
 * Who runs a machine is written into its folder, so that a QEMU which outlived us (its machine process was killed
 * on a system that does not end it then) is found before its disks are opened a second time.
 */
const record = z.object({
  /** Null from just before QEMU is started until its number is known. */
  pid: z.number().int().positive().nullable(),
  /** See `processStart`; null where the system did not tell. */
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

/** The record of the QEMU of this process. */
export interface RunRecord {
  /** QEMU has this number now. @throws the errors of `node:fs` */
  running(pid: number): Promise<void>;
  remove(): Promise<void>;
}

/** Writes down that this process is about to start a QEMU. @throws the errors of `node:fs` */
export async function announceRun(folder: string, sockets: string): Promise<RunRecord> {
  const path = join(folder, `.qemu-${process.pid}.json`);
  const owner = { pid: process.pid, started: await startOf(process.pid) };
  const value: QemuRecord = { pid: null, started: null, owner, bootId: await bootId(), sockets };
  await writeAtomic(path, JSON.stringify(value));
  let written = Promise.resolve();
  return {
    running(pid) {
      return (written = startOf(pid).then((started) =>
        writeAtomic(path, JSON.stringify({ ...value, pid, started })),
      ));
    },
    async remove() {
      await written.catch(() => undefined); // told to whom it was promised
      await rm(path, { force: true });
    },
  };
}

/** Null where the system does not tell. */
function startOf(pid: number): Promise<string | null> {
  return processStart(pid).then(
    (started) => started ?? null,
    () => null,
  );
}

/**
 * Ends every QEMU of this machine whose machine process is gone. To be called by the holder of the machine's lock, and
 * before anything is done with the machine's disks. (A record whose machine process lives came with a copy of another
 * machine's folder: nobody else can have this machine's lock.)
 *
 * @param log told what was found
 * @returns how many there were
 * @throws Failure `machine.locked` when one does not end; `file.*`
 */
export async function endLeftovers(folder: string, log: (line: string) => void): Promise<number> {
  let ended = 0;
  for (const name of await readdir(folder)) {
    if (!recordName.test(name)) continue;
    const path = join(folder, name);
    const found = await readRecord(path);
    if (found && (await isOwned(found))) continue;
    if (found && (await endOne(found, log))) ended++;
    await rm(path, { force: true });
  }
  return ended;
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

/**
 * Whether a process is there and is the one that was meant. Where it cannot be told when one started, it is taken for
 * the one as long as its number is in use: a disk that is opened twice is lost.
 */
export async function lives(pid: number, started: string | null, start = processStart): Promise<boolean> {
  if (!isAlive(pid)) return false;
  try {
    const now = await start(pid);
    return now !== undefined && (started === null || now === started);
  } catch {
    return isAlive(pid);
  }
}

/** True when there was one. */
async function endOne(found: QemuRecord, log: (line: string) => void): Promise<boolean> {
  const { pid, sockets } = found;
  const lived = found.bootId === (await bootId()) && (await endProcess(found, log));
  // Made by us, by its name; anything else is left alone.
  if (basename(sockets).startsWith('q-') && dirname(sockets) !== '/') {
    await rm(sockets, { recursive: true, force: true });
  }
  if (lived) log(`QEMU ${pid ?? ''} of the earlier run has ended.`);
  return lived;
}

async function endProcess(found: QemuRecord, log: (line: string) => void): Promise<boolean> {
  const { pid, started, sockets } = found;
  if (pid === null) {
    // Its owner died at the moment of starting it: where somebody answers, that is it.
    const answered = await askToQuit(sockets).then(
      () => true,
      () => false,
    );
    if (answered && !(await within(quitMs, async () => !(await answers(sockets)))))
      throw stays('just started');
    return answered;
  }
  const gone = async (): Promise<boolean> => !(await lives(pid, started));
  if (await gone()) return false;
  log(`QEMU ${pid} of an earlier run still lives; it is ended before its disks are opened again.`);
  await askToQuit(sockets).catch(() => {
    log('It cannot be reached by its socket; it is asked by a signal.');
    signal(pid, endSignal);
  });
  if (!(await within(quitMs, gone))) {
    log(`It did not end by itself within ${quitMs / 1000} seconds, and is killed.`);
    signal(pid, 'SIGKILL');
  }
  if (!(await within(quitMs, gone))) throw stays(`process ${pid}`);
  return true;
}

function stays(which: string): Failure {
  return new Failure('machine.locked', phrase('qemu.oldStays', { which }), {
    hint: phrase('qemu.oldStaysHint'),
  });
}

/** It may end by itself in between. */
function signal(pid: number, name: typeof endSignal | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ESRCH') throw error;
  }
}

async function askToQuit(sockets: string): Promise<void> {
  const client = await QmpClient.connect({ path: join(sockets, controlSocket) }, { timeoutMs: 1000 });
  try {
    await client.execute('quit', {}, 1000);
  } finally {
    client.close();
  }
}

async function answers(sockets: string): Promise<boolean> {
  try {
    (await connectOnce({ path: join(sockets, controlSocket) })).destroy();
    return true;
  } catch {
    return false; // nobody listens any more
  }
}

/** Whether it comes true in time. */
async function within(limitMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() >= end) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
