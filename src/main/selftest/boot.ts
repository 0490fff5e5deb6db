import { randomInt } from 'node:crypto';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorValue, Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import { byteStreamOver, type ByteStream } from '@shared/ipc/byte-stream';
import type { SelftestResult } from '@shared/ipc/contract';
import type { MachineSpec } from '@shared/machine/config';
import { createMachineFolder, planMachine } from '../machines/create';
import { requireEngine, type MachinesContext } from '../machines/context';
import { prepareLaunch } from '../machines/launch-paths';
import { Runner } from '../machines/runner';
import type { JobControl } from '../jobs/registry';

/** What the guest gets, and how long it may take until its shell has answered, in milliseconds. */
const memoryMiB = 128;
export const bootLimitMs = 180_000;
/** How often the question is asked at most while there is no answer, in milliseconds. */
const askEveryMs = 1000;
/** What a shell that waits for a command has printed last. Asking earlier would only disturb the boot loader. */
const prompt = /[#$>] $/;
/** What a terminal is told besides text (ECMA-48, 5.4). */
const controlSequence = /\x1b\[[0-?]*[ -/]*[@-~]/g;
/** Output that is searched for the answer, in characters. */
const keptOutput = 16 * 1024;

/** The steps that a self-test tells. */
export const selftestSteps = 4;

/**
 * Boots Starter Linux without a screen, in a machine of its own that nobody sees, and asks its shell over the
 * serial port for a product of two random numbers. Everything is gone afterwards. What goes wrong is part of the
 * result; only cancelling rejects.
 *
 * @param iso the image of Starter Linux
 */
export async function bootSelftest(
  engine: string,
  iso: string,
  context: MachinesContext,
  control: JobControl,
): Promise<SelftestResult> {
  const folder = await mkdtemp(join(tmpdir(), 'vivarium-selftest-'));
  try {
    const capabilities = await requireEngine(context, engine);
    const shellMs = await bootAndAsk(folder, iso, capabilities, context, control);
    return { ok: true, engine, shellMs };
  } catch (error) {
    control.signal.throwIfAborted();
    return { ok: false, engine, shellMs: null, error: toErrorValue(error) };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function bootAndAsk(
  temporary: string,
  iso: string,
  capabilities: EngineCapabilities,
  context: MachinesContext,
  control: JobControl,
): Promise<number> {
  const machines = join(temporary, 'machines');
  await mkdir(machines);
  const spec = specFor(capabilities, iso);
  const config = planMachine(spec, capabilities, { names: [], macs: new Set() });
  const folder = await createMachineFolder(machines, config, spec, context.processHost, control);
  const paths = await prepareLaunch(folder, config, context, null);
  control.progress(1, selftestSteps);

  let problem: ErrorValue | undefined;
  const note = (text: ErrorValue): void => {
    problem = text;
  };
  control.signal.throwIfAborted();
  const runner = startQuietly(context, note);
  const started = performance.now();
  try {
    await runner.call('launch', { config, paths }, bootLimitMs);
    control.progress(2, selftestSteps);
    // From here on the signal is listened to.
    control.signal.throwIfAborted();
    const answered = askOverSerial(
      byteStreamOver(runner.openStream({ name: 'serial', port: 0 })),
      started + bootLimitMs - performance.now(),
      control.signal,
    );
    const died = runner.ended.then(({ problem: end }) => {
      const why = end ?? problem;
      throw new Failure('machine.crashed', phrase('selftest.endedEarly'), {
        cause: why ?? undefined,
      });
    });
    await Promise.race([answered, died]);
    const shellMs = Math.round(performance.now() - started);
    control.progress(3, selftestSteps);
    return shellMs;
  } finally {
    await runner.powerOff();
  }
}

function startQuietly(context: MachinesContext, problem: (value: ErrorValue) => void): Runner {
  const nothing = (): void => {};
  return new Runner(
    context.processHost.start('machine-process', 'self-test'),
    {
      pausedByProblem: problem,
      resumed: nothing,
      responsive: nothing,
      deviceGone: nothing,
      pointer: nothing,
      screen: nothing,
      saveProgress: nothing,
      log: nothing,
    },
    context.patience,
    context.log,
  );
}

function specFor(can: EngineCapabilities, iso: string): MachineSpec {
  const [architecture = 'i386'] = can.architectures;
  return {
    name: 'Self-test',
    engine: can.id,
    architecture,
    guest: 'starter-linux',
    memoryMiB: Math.max(memoryMiB, can.memoryMiB.min),
    cpus: 1,
    boot: ['cdrom'],
    firmware: 'bios',
    acpi: true,
    videoMemoryMiB: can.videoMemoryMiB.default,
    sound: false,
    serialPorts: 1,
    nicModel: null,
    disk: { kind: 'none' },
    cdrom: iso,
    floppy: null,
  };
}

/** Resolves when the shell has given the product; its own echo of the question does not contain it. */
function askOverSerial(stream: ByteStream, limitMs: number, signal: AbortSignal): Promise<void> {
  const a = randomInt(1000, 10_000);
  const b = randomInt(1000, 10_000);
  const question = new TextEncoder().encode(`echo selftest-$((${a}*${b}))\n`);
  const answer = `selftest-${a * b}`;
  return new Promise((resolve, reject) => {
    let output = '';
    const decoder = new TextDecoder();
    let asked = -Infinity;
    const ask = (): void => {
      if (!prompt.test(output.replace(controlSequence, '')) || performance.now() - asked < askEveryMs) return;
      asked = performance.now();
      stream.send(question);
    };
    // A shell that has just started may throw away what was typed before: it is asked again.
    const asking = setInterval(ask, askEveryMs);
    const timer = setTimeout(() => fail(noAnswer(output)), limitMs);
    const settle = (action: () => void): void => {
      // First the verdict: closing the stream calls back, with one that comes too late then.
      action();
      clearInterval(asking);
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      stream.close();
    };
    const fail = (failure: unknown): void => settle(() => reject(failure));
    const aborted = (): void => fail(signal.reason);
    signal.addEventListener('abort', aborted);
    stream.onClose(() => fail(new Failure('ipc.closed', phrase('selftest.serialClosed'))));
    stream.onData((data) => {
      output = (output + decoder.decode(data, { stream: true })).slice(-keptOutput);
      if (!output.includes(answer)) {
        ask();
        return;
      }
      settle(resolve);
    });
  });
}

function noAnswer(output: string): Failure {
  const last = output.trim().split('\n').slice(-5).join('\n');
  return new Failure('timeout', phrase('selftest.noShell'), {
    cause: last ? `The last that came over the serial port: ${last}` : 'Nothing came over the serial port.',
  });
}
