import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '@shared/errors';
import { byteStreamOver } from '@shared/ipc/byte-stream';
import type { Job } from '@shared/ipc/contract';
import type { MachineSpec } from '@shared/machine/config';
import type { MachineState } from '@shared/machine/state';
import { type Core, createCore, type CoreOptions } from '../../src/main/core';
import type { CoreEvent } from '../../src/main/platform/events';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import { projectRoot } from './built-main';
import { knowQemu } from './known-qemu';

export { type BuiltMain, buildMain, projectRoot } from './built-main';

export const resourcesFolder = join(projectRoot, 'resources');

/** A temporary folder under its real name; to be removed by the caller. */
export async function temporaryFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'vivarium-test-')));
}

/** A core with the real processes on a data folder, offering the engine for tests. */
export async function testCore(
  mainFolder: string,
  dataFolder: string,
  options: Partial<CoreOptions> = {},
): Promise<Core> {
  await knowQemu(dataFolder);
  return createCore({
    dataFolder,
    resourcesFolder,
    processHost: nodeProcessHost(mainFolder),
    shell: { kind: 'browser' },
    version: '0.0.0',
    development: true,
    ...options,
  });
}

/** A small machine on the engine for tests; `changes` on top. */
export function fakeSpec(name: string, changes: Partial<MachineSpec> = {}): MachineSpec {
  return {
    name,
    engine: 'fake',
    architecture: 'i386',
    guest: 'linux',
    memoryMiB: 64,
    cpus: 1,
    boot: ['disk'],
    firmware: 'bios',
    acpi: true,
    videoMemoryMiB: 8,
    sound: false,
    serialPorts: 1,
    nicModel: 'virtio',
    disk: { kind: 'new', sizeMiB: 8 },
    cdrom: null,
    floppy: null,
    ...changes,
  };
}

/** Creates a machine and resolves to its id. Rejects with the job's error. */
export async function createMachine(core: Core, spec: MachineSpec): Promise<string> {
  const { jobId } = await core.machines.create(spec);
  const job = await core.jobs.ended(jobId);
  if (job.state !== 'done') throw new Error(`The job ${job.state}: ${JSON.stringify(job.error)}`);
  return (job.result as { id: string }).id;
}

/** Resolves to the first event that `wanted` accepts; rejects after `timeoutMs`. */
export function nextEvent<T>(
  core: Core,
  wanted: (event: CoreEvent) => T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  return new Promise((resolvePromise, reject) => {
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`The event did not come within ${timeoutMs} ms`));
    }, timeoutMs);
    const stop = core.onEvent((event) => {
      const found = wanted(event);
      if (found === undefined) return;
      clearTimeout(timer);
      stop();
      resolvePromise(found);
    });
  });
}

/** Resolves when a machine is in a state; at once when it is already. */
export async function reached(
  core: Core,
  id: string,
  state: MachineState,
  timeoutMs = 60_000,
): Promise<void> {
  if (core.machines.get(id).state === state) return;
  await nextEvent(
    core,
    (event) =>
      event.name === 'machine.changed' && event.value.id === id && event.value.state === state
        ? true
        : undefined,
    timeoutMs,
  );
}

/** The job of an answer `{ jobId }`, as it ended. */
export async function jobEnd(core: Core, started: { jobId: string }): Promise<Job> {
  return core.jobs.ended(started.jobId);
}

/** The end of the last merge of what deleted snapshots have left below a running machine. */
export async function mergeEnd(core: Core, id: string): Promise<Job> {
  const last = core.jobs.list().findLast(({ kind, subject }) => kind === 'mergeDisks' && subject === id);
  if (!last) throw new Error('Nothing is merged.');
  return core.jobs.ended(last.id);
}

/** Types a line at the first serial port of a running machine; resolves to what came until `until` was there. */
export async function typeSerial(core: Core, id: string, line: string, until: string): Promise<string> {
  const runner = core.machines.power.processOf(core.machines.library.get(id));
  const stream = byteStreamOver(runner.openStream({ name: 'serial', port: 0 }));
  try {
    return await new Promise((resolveOutput, reject) => {
      let output = '';
      const timer = setTimeout(() => reject(new Error(`no “${until}” in: ${output}`)), 60_000);
      stream.onData((data) => {
        output += new TextDecoder().decode(data);
        if (!output.includes(until)) return;
        clearTimeout(timer);
        resolveOutput(output);
      });
      stream.send(new TextEncoder().encode(`${line}\n`));
    });
  } finally {
    stream.close();
  }
}

/** The code of the `Failure` that a promise, or a handler, ends with. */
export async function failureCode(outcome: unknown): Promise<string> {
  try {
    await outcome;
    return 'no failure';
  } catch (error) {
    return error instanceof Failure ? error.code : `not a Failure: ${String(error)}`;
  }
}
