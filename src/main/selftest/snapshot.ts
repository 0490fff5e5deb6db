import { randomInt } from 'node:crypto';
import { type ErrorValue, Failure, toErrorValue, toFailure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { byteStreamOver, type ByteStream } from '@shared/ipc/byte-stream';
import type { Commands } from '@shared/ipc/contract';
import type { Handlers } from '@shared/ipc/rpc';
import type { MachineSpec } from '@shared/machine/config';
import type { JobRegistry } from '../jobs/registry';
import type { MachineService } from '../machines/service';

/** What trying snapshots out has shown; times in milliseconds, null where it did not come to that. */
export interface SnapshotSelftest {
  ok: boolean;
  engine: string;
  /** For how long the guest stood still. */
  pauseMs: number | null;
  /** Until the memory was written as a whole. */
  takeMs: number | null;
  /** Until the guest ran again. */
  restoreMs: number | null;
  deleteMs: number | null;
  memoryBytes: number | null;
  error?: ErrorValue;
}

/** The program, as far as it is needed here. */
export interface Program {
  handlers: Handlers<Commands>;
  machines: MachineService;
  jobs: JobRegistry;
}

const memoryMiB = 128;
const bootMs = 180_000;
const answerMs = 60_000;
const askEveryMs = 1000;
/** Output that is searched for an answer, in characters. */
const keptOutput = 64 * 1024;

/**
 * Has Starter Linux put a word into its memory and onto its disk, takes a snapshot, has it put others there, and goes
 * back: both words must be there again. The machine stays in the library of `program`, which is the caller's to remove.
 */
export async function snapshotSelftest(
  engine: string,
  program: Program,
  signal: AbortSignal,
): Promise<SnapshotSelftest> {
  const result: SnapshotSelftest = {
    ...{ ok: false, engine, pauseMs: null, takeMs: null },
    ...{ restoreMs: null, deleteMs: null, memoryBytes: null },
  };
  try {
    await tryOut(program, engine, result, signal);
    return { ...result, ok: true };
  } catch (error) {
    signal.throwIfAborted();
    return { ...result, error: toErrorValue(error) };
  }
}

async function tryOut(
  { handlers, machines, jobs }: Program,
  engine: string,
  result: SnapshotSelftest,
  signal: AbortSignal,
): Promise<void> {
  const ended = async (started: { jobId: string }): Promise<unknown> => {
    const { state, error, result: made } = await jobs.ended(started.jobId);
    if (state === 'done') return made;
    throw error ? toFailure(error) : new Failure('cancelled', phrase('task.thisCancelled'));
  };
  const { id } = (await ended(
    await handlers['machine.create']({ spec: await specFor(handlers, engine) }),
  )) as {
    id: string;
  };
  const shell = (): Shell => {
    const runner = machines.power.processOf(machines.library.get(id));
    return new Shell(byteStreamOver(runner.openStream({ name: 'serial', port: 0 })), signal);
  };
  await handlers['machine.start']({ id });
  let guest = shell();
  // The shell is there before the drivers of disks are.
  await guest.run('until [ -e /run/ready ]; do sleep 1; done', bootMs);
  const disk = await guest.run(
    'for d in /dev/sda /dev/hda /dev/vda; do [ -b $d ] && echo $d; done',
    answerMs,
  );
  if (!disk) throw new Failure('engine.failed', phrase('selftest.noDisk'));
  const put = (word: string): Promise<string> =>
    guest.run(`echo ${word} >/tmp/word; echo ${word} | dd of=${disk} conv=fsync 2>/dev/null`, answerMs);
  const got = (): Promise<string> =>
    guest.run(`echo 3 >/proc/sys/vm/drop_caches; cat /tmp/word; head -n 1 ${disk}`, answerMs);

  await put('before');
  let began = performance.now();
  const { snapshot } = (await ended(await handlers['snapshot.take']({ id, memory: true }))) as {
    snapshot: string;
  };
  result.takeMs = Math.round(performance.now() - began);
  await machines.library.get(id).log.flush();
  const log = (await handlers['machine.log']({ id })).join('\n');
  result.pauseMs = Number(/stood still for (\d+) ms/.exec(log)?.[1] ?? NaN);
  const { snapshots } = await handlers['snapshot.list']({ id });
  result.memoryBytes = snapshots[0]?.memoryBytes ?? null;

  await put('after');
  expectWords(await got(), 'after');
  guest.close();
  began = performance.now();
  await ended(await handlers['snapshot.restore']({ id, snapshot }));
  result.restoreMs = Math.round(performance.now() - began);
  guest = shell();
  expectWords(await got(), 'before');

  began = performance.now();
  await ended(await handlers['snapshot.delete']({ id, snapshots: [snapshot] }));
  result.deleteMs = Math.round(performance.now() - began);
  expectWords(await got(), 'before');
  guest.close();
  await handlers['machine.powerOff']({ id });
}

function expectWords(found: string, wanted: string): void {
  if (found === `${wanted}\n${wanted}`) return;
  throw new Failure('internal', `The guest found “${found}” in its memory and on its disk, not “${wanted}”.`);
}

export async function specFor(handlers: Handlers<Commands>, engine: string): Promise<MachineSpec> {
  const status = (await handlers['host.engines']({})).find(({ capabilities }) => capabilities.id === engine);
  if (!status?.available) {
    throw new Failure('engine.not-found', phrase('selftest.noEngine', { engine }), {
      cause: status?.problem,
    });
  }
  const item = (await handlers['gallery.list']({})).find(({ entry }) => entry.id === 'starter-linux');
  if (!item?.path) throw new Failure('gallery.unavailable', phrase('selftest.starterNeeded'));
  const { capabilities } = status;
  return {
    name: 'Self-test',
    engine: capabilities.id,
    architecture: capabilities.architectures[0] ?? 'i386',
    guest: 'starter-linux',
    memoryMiB: Math.max(memoryMiB, capabilities.memoryMiB.min),
    cpus: 1,
    boot: ['cdrom'],
    firmware: 'bios',
    acpi: true,
    videoMemoryMiB: capabilities.videoMemoryMiB.default,
    sound: false,
    serialPorts: 1,
    nicModel: null,
    disk: { kind: 'new', sizeMiB: 16 },
    cdrom: item.path,
    floppy: null,
  };
}

/** A guest's shell on its serial port: one command at a time. */
export class Shell {
  #output = '';
  #told: () => void = () => {};

  constructor(
    private readonly stream: ByteStream,
    private readonly signal: AbortSignal,
  ) {
    const decoder = new TextDecoder();
    stream.onData((data) => {
      this.#output = (this.#output + decoder.decode(data, { stream: true })).slice(-keptOutput);
      this.#told();
    });
  }

  close(): void {
    this.stream.close();
  }

  /**
   * What a command prints, without blanks around it. It is typed again while there is no answer, because a shell that
   * has just started may throw away what came before.
   *
   * @throws Failure `timeout`
   */
  async run(command: string, limitMs: number): Promise<string> {
    const [a, b] = [randomInt(1000, 10_000), randomInt(1000, 10_000)];
    // The echo of the question has neither of the two products in it.
    const line = `echo $((${a}*${b})); ${command}; echo $((${b}*${a}+1))\n`;
    const answer = new RegExp(`(?:^|\\n)${a * b}\\r?\\n([^]*?)(?:^|\\n)?${a * b + 1}\\r?\\n`);
    const end = performance.now() + limitMs;
    for (;;) {
      this.signal.throwIfAborted();
      this.stream.send(new TextEncoder().encode(line));
      const again = Math.min(end, performance.now() + askEveryMs * 5);
      while (performance.now() < again) {
        const found = answer.exec(this.#output)?.[1];
        if (found !== undefined) return found.replace(/\r/g, '').trim();
        await this.#more(again - performance.now());
      }
      if (performance.now() >= end) {
        const last = this.#output.trim().split('\n').slice(-5).join('\n');
        throw new Failure('timeout', phrase('selftest.noShell'), { cause: last });
      }
    }
  }

  #more(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, limitMs));
      this.#told = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
