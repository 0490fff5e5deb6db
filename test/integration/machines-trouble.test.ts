import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorValue } from '@shared/errors';
import type { Message } from '@shared/ipc/messages';
import type { Core } from '../../src/main/core';
import { usualPatience } from '../../src/main/machines/runner';
import { usualQuitLimits } from '../../src/main/api/quit';
import { lockFile } from '../../src/main/platform/file-lock';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import type { HostedProcess, ProcessHost } from '../../src/main/platform/process-host';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  jobEnd,
  nextEvent,
  reached,
  temporaryFolder,
  testCore,
  typeSerial,
} from '../helpers/core';

let built: BuiltMain;
let dataFolder: string;
let core: Core;

const patience = { ...usualPatience, pingEvery: 100, unresponsiveAfter: 500, powerOff: 500, ending: 1000 };

beforeAll(async () => {
  built = await buildMain();
  dataFolder = await temporaryFolder();
  core = await testCore(built.folder, dataFolder, { patience, processHost: haltingHost(built.folder) });
});

afterAll(async () => {
  await core?.shutdown('power-off');
  await built?.remove();
  if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
});

/** The fault that machines which are started tell before they are through with it; undefined for none. */
let faultAtStart: ErrorValue | undefined;

function haltingHost(folder: string): ProcessHost {
  const host = nodeProcessHost(folder);
  return {
    start(entry, label) {
      const child = host.start(entry, label);
      return faultAtStart ? halting(child, faultAtStart) : child;
    },
  };
}

/** A machine's process whose guest stands still for `problem` as soon as it runs. */
function halting(child: HostedProcess, problem: ErrorValue): HostedProcess {
  let launch: unknown;
  return new Proxy(child, {
    get(target, name) {
      if (name === 'post') {
        return (message: Message) => {
          if (message.kind === 'call' && message.name === 'launch') launch = message.id;
          target.post(message);
        };
      }
      if (name === 'onMessage') {
        return (listener: (message: unknown) => void) =>
          target.onMessage((message) => {
            const { kind, id } = message as { kind?: string; id?: unknown };
            if (kind === 'result' && id === launch) {
              listener({ kind: 'event', name: 'pausedByProblem', value: { problem } });
            }
            listener(message);
          });
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

async function started(name: string): Promise<string> {
  const id = await createMachine(core, fakeSpec(name));
  await core.handlers['machine.start']({ id });
  return id;
}

/** Types without waiting for an answer: what the port says first was there before. */
const type = (id: string, line: string): Promise<string> => typeSerial(core, id, line, 'ready');

describe('a machine in trouble', () => {
  it('says that its process does not answer, and can be powered off all the same', async () => {
    const id = await started('Hangs');
    const problem = nextEvent(core, (event) =>
      event.name === 'machine.changed' && event.value.id === id && event.value.problem
        ? event.value
        : undefined,
    );
    await type(id, 'hang');
    expect(await problem).toMatchObject({ state: 'running', problem: { code: 'machine.unresponsive' } });
    expect(await core.handlers['machine.powerOff']({ id })).toMatchObject({ state: 'off', problem: null });
  });

  it('is aborted when its engine fails, with the reason and the last lines', async () => {
    const id = await started('Fails');
    const aborted = reached(core, id, 'aborted');
    await type(id, 'crash');
    await aborted;
    const { problem } = core.machines.get(id);
    expect(problem?.code).toBe('machine.crashed');
    expect(problem?.cause?.message).toBeTruthy();
  });

  it('is paused when its guest stood still before its start was through, and goes on', async () => {
    faultAtStart = { code: 'file.no-space', message: 'Cannot write the disk' };
    const id = await started('Halted');
    faultAtStart = undefined;
    expect(core.machines.get(id)).toMatchObject({ state: 'paused', problem: { code: 'file.no-space' } });
    expect(await core.handlers['machine.resume']({ id })).toMatchObject({ state: 'running', problem: null });
    await core.handlers['machine.powerOff']({ id });
    await core.handlers['machine.start']({ id });
    expect(core.machines.get(id)).toMatchObject({ state: 'running', problem: null });
    await core.handlers['machine.powerOff']({ id });
  });

  it('pauses itself when the host’s disk fails, says why, and goes on', async () => {
    const id = await started('Disk error');
    const paused = reached(core, id, 'paused');
    await type(id, 'disk-error');
    await paused;
    expect(core.machines.get(id).problem?.code).toMatch(/^(file|disk)\./);
    expect(await core.handlers['machine.resume']({ id })).toMatchObject({ state: 'running', problem: null });
    await core.handlers['machine.powerOff']({ id });
  });

  it('runs on when its folder is removed, and is gone afterwards', async () => {
    const id = await started('Removed');
    const { folder } = core.machines.get(id);
    await rm(folder, { recursive: true });
    expect(core.machines.list().find((machine) => machine.id === id)?.state).toBe('running');
    await core.machines.rescan();
    expect(core.machines.get(id).state).toBe('running');
    const save = await jobEnd(core, await core.handlers['machine.save']({ id }));
    expect(save).toMatchObject({ state: 'failed', error: { code: 'file.not-found' } });
    await core.handlers['machine.powerOff']({ id });
    expect(core.machines.get(id)).toMatchObject({ inaccessible: true, problem: { code: 'file.not-found' } });
    expect(await failureCode(core.handlers['machine.start']({ id }))).toBe('machine.inaccessible');
    await core.machines.rescan();
    expect(core.machines.list().some((machine) => machine.id === id)).toBe(false);
  });

  it('goes on when it can neither be saved, nor what there is of that be removed', async () => {
    const id = await started('Unsavable');
    const saved = join(core.machines.get(id).folder, 'saved');
    await writeFile(saved, 'in the place of the folder');
    expect(await jobEnd(core, await core.handlers['machine.save']({ id }))).toMatchObject({
      state: 'failed',
    });
    expect((await core.handlers['machine.resume']({ id })).state).toBe('running');
    await rm(saved);
    expect(await core.handlers['machine.powerOff']({ id })).toMatchObject({ state: 'off', problem: null });
  });

  it('is not started without its disk or with a missing medium, and nothing changes', async () => {
    const iso = join(dataFolder, 'gone.iso');
    await writeFile(iso, 'x'.repeat(2048));
    const id = await createMachine(core, fakeSpec('No medium', { cdrom: iso }));
    const { folder } = core.machines.get(id);
    await rm(iso);
    expect(await failureCode(core.handlers['machine.start']({ id }))).toBe('file.not-found');
    expect(core.machines.get(id)).toMatchObject({ state: 'off', runtime: null });
    await core.handlers['machine.insertMedium']({ id, drive: 'cd0', path: null });
    await rm(join(folder, 'disks', 'disk0.qcow2'));
    expect(await failureCode(core.handlers['machine.start']({ id }))).toBe('file.not-found');
    expect(core.machines.get(id).state).toBe('off');
  });

  it('is refused while another program has it', async () => {
    const id = await createMachine(core, fakeSpec('Locked'));
    const { folder } = core.machines.get(id);
    const lock = await lockFile(join(folder, 'lock'));
    expect(await failureCode(core.handlers['machine.start']({ id }))).toBe('machine.locked');
    expect(await failureCode(core.machines.rename(id, 'Other'))).toBe('machine.locked');
    expect(await failureCode(core.machines.delete(id, 'erase'))).toBe('machine.locked');
    expect(core.machines.get(id)).toMatchObject({ state: 'off', name: 'Locked' });
    await lock?.release();
    expect((await core.handlers['machine.start']({ id })).state).toBe('running');
    await core.handlers['machine.powerOff']({ id });
  });

  it('is started once, however often that is asked for at the same time', async () => {
    const id = await createMachine(core, fakeSpec('Once'));
    const outcomes = await Promise.all(
      [1, 2, 3].map(() => failureCode(core.handlers['machine.start']({ id }))),
    );
    expect(outcomes.sort()).toEqual(['machine.wrong-state', 'machine.wrong-state', 'no failure']);
    await core.handlers['machine.powerOff']({ id });
  });

  it('can be powered off while it starts', async () => {
    const id = await createMachine(core, fakeSpec('Early'));
    const starting = failureCode(core.handlers['machine.start']({ id }));
    await reached(core, id, 'starting');
    await core.handlers['machine.powerOff']({ id });
    expect(['cancelled', 'no failure']).toContain(await starting);
    expect(core.machines.get(id)).toMatchObject({ state: 'off', problem: null });
  });

  it('changes media while it runs and while it does not', async () => {
    const iso = join(dataFolder, 'medium.iso');
    await writeFile(iso, 'hello'.padEnd(2048));
    const id = await started('Media');
    await core.handlers['machine.insertMedium']({ id, drive: 'cd0', path: iso });
    expect(await typeSerial(core, id, 'medium cd0', 'medium=hello')).toContain('medium=hello');
    expect(await failureCode(core.handlers['machine.insertMedium']({ id, drive: 'cd7', path: iso }))).toBe(
      'input.invalid',
    );
    expect(
      await failureCode(core.handlers['machine.insertMedium']({ id, drive: 'cd0', path: dataFolder })),
    ).toBe('file.not-a-file');
    await writeFile(iso, '');
    expect(await failureCode(core.handlers['machine.insertMedium']({ id, drive: 'cd0', path: iso }))).toBe(
      'medium.empty',
    );
    expect(core.machines.get(id).config?.drives.find((drive) => drive.id === 'cd0')?.path).toBe(iso);
    await core.handlers['machine.powerOff']({ id });
  });
});

describe('a process that is killed at a bad moment', () => {
  it('keeps the saved state when that happens before the guest goes on', async () => {
    const id = await started('Restoring');
    await jobEnd(core, await core.handlers['machine.save']({ id }));
    const { savedAt } = core.machines.get(id);
    const starting = failureCode(core.handlers['machine.start']({ id }));
    await reached(core, id, 'restoring');
    process.kill(core.machines.get(id).runtime?.pid ?? 0, 'SIGKILL');
    expect(await starting).toBe('machine.crashed');
    expect(core.machines.get(id)).toMatchObject({ state: 'saved', savedAt });
    expect((await core.handlers['machine.start']({ id })).state).toBe('running');
    await core.handlers['machine.powerOff']({ id });
  });

  it('keeps the saved state when the person gives the restoring up', async () => {
    const id = await started('Given up');
    await jobEnd(core, await core.handlers['machine.save']({ id }));
    const starting = failureCode(core.handlers['machine.start']({ id }));
    await reached(core, id, 'restoring');
    await core.handlers['machine.powerOff']({ id });
    expect(await starting).toBe('cancelled');
    expect(core.machines.get(id)).toMatchObject({ state: 'saved', problem: null });
  });

  it('has saved the state as a whole or not at all', async () => {
    const id = await createMachine(core, fakeSpec('Saving', { memoryMiB: 256 }));
    const { folder } = core.machines.get(id);
    for (let delayMs = 0; delayMs < 60; delayMs += 12) {
      await core.handlers['machine.start']({ id });
      const { pid } = core.machines.get(id).runtime ?? {};
      const save = await core.handlers['machine.save']({ id });
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      try {
        process.kill(pid ?? 0, 'SIGKILL');
      } catch {
        // it has saved its state and is gone already
      }
      const { state: jobState } = await jobEnd(core, save);
      const { state } = core.machines.get(id);
      expect([jobState, state]).toEqual(state === 'saved' ? ['done', 'saved'] : ['failed', 'aborted']);
      // What was not finished is not left about.
      const left = await readdir(join(folder, 'saved')).catch(() => []);
      expect(left.sort()).toEqual(state === 'saved' ? ['screen.png', 'state.viv'] : []);
    }
  });
});

describe('ending the program', () => {
  it('asks when something runs, saves it, and gives the data folder back', async () => {
    const other = await temporaryFolder();
    const first = await testCore(built.folder, other, { quitLimits: { ...usualQuitLimits, shutdown: 500 } });
    try {
      expect(await failureCode(testCore(built.folder, other))).toBe('library.locked');
      expect(first.requestQuit()).toBe(true);
      const [a, b] = [await createMachine(first, fakeSpec('A')), await createMachine(first, fakeSpec('B'))];
      for (const id of [a, b]) await first.handlers['machine.start']({ id });
      await first.handlers['machine.pause']({ id: b });
      const asked = nextEvent(first, (event) =>
        event.name === 'app.quitAsked' ? event.value.running : undefined,
      );
      expect(first.requestQuit()).toBe(false);
      expect((await asked).map(({ name }) => name).sort()).toEqual(['A', 'B']);
      // A does not listen to its power button: its state is saved rather than lost.
      await first.shutdown('shutdown');
      expect([a, b].map((id) => first.machines.get(id).state)).toEqual(['saved', 'saved']);
      const second = await testCore(built.folder, other);
      expect([a, b].map((id) => second.machines.get(id).state)).toEqual(['saved', 'saved']);
      await second.shutdown('power-off');
    } finally {
      await first.shutdown('power-off');
      await rm(other, { recursive: true, force: true });
    }
  });

  it('keeps a state that is being saved at that moment', async () => {
    const other = await temporaryFolder();
    const first = await testCore(built.folder, other);
    try {
      const id = await createMachine(first, fakeSpec('Saving', { memoryMiB: 512 }));
      await first.handlers['machine.start']({ id });
      await first.handlers['machine.save']({ id });
      await first.shutdown('power-off');
      expect(first.machines.get(id).state).toBe('saved');
      expect(await readdir(join(first.machines.get(id).folder, 'saved'))).toContain('state.viv');
    } finally {
      await first.shutdown('power-off');
      await rm(other, { recursive: true, force: true });
    }
  });
});
