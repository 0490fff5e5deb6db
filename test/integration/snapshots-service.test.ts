import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Failure } from '@shared/errors';
import type { Job } from '@shared/ipc/contract';
import { createMachine, failureCode, fakeSpec, jobEnd, reached } from '../helpers/core';
import { complaintsAbout } from '../helpers/snapshots';
import { DiskWords, useCore } from '../helpers/use-core';

const app = useCore();

const done = (started: Promise<{ jobId: string }> | { jobId: string }): Promise<Job> => app.done(started);
const take = async (id: string, memory: boolean, name?: string): Promise<string> => {
  const job = await done(app.core.handlers['snapshot.take']({ id, memory, name }));
  return (job.result as { snapshot: string }).snapshot;
};
const restore = (id: string, snapshot: string, disksOnly = false): Promise<Job> =>
  done(app.core.handlers['snapshot.restore']({ id, snapshot, disksOnly }));
const remove = (id: string, ...snapshots: string[]): Promise<Job> =>
  done(app.core.handlers['snapshot.delete']({ id, snapshots }));
const words = new DiskWords(app);
const write = (id: string, word: string): Promise<void> => words.write(id, word);
const read = (id: string): Promise<string | undefined> => words.read(id);
const powerOff = (id: string) => app.core.handlers['machine.powerOff']({ id });
const start = (id: string) => app.core.handlers['machine.start']({ id });
const folderOf = (id: string): string => app.core.machines.get(id).folder;
const clean = async (id: string): Promise<void> => expect(await complaintsAbout(folderOf(id))).toEqual([]);

describe('snapshots of a machine', () => {
  it('bring a running guest back with its memory and its disk, also after it went another way', async () => {
    const id = await createMachine(app.core, fakeSpec('Running'));
    await start(id);
    await write(id, 'first');
    const first = await take(id, true, 'First');
    await write(id, 'second');
    const second = await take(id, true);
    const list = await app.core.handlers['snapshot.list']({ id });
    expect(
      list.snapshots.map(({ name, parent, memory, state, hasScreen }) => [
        name,
        parent,
        memory,
        state,
        hasScreen,
      ]),
    ).toEqual([
      ['First', null, true, 'running', true],
      ['Snapshot 2', first, true, 'running', true],
    ]);
    expect(list.current).toBe(second);
    expect(await app.core.handlers['snapshot.screen']({ id, snapshot: first })).toMatch(/^iVBOR/);

    await restore(id, first);
    expect(app.core.machines.get(id).state).toBe('running');
    expect(await read(id)).toBe('first');
    await restore(id, second);
    expect(await read(id)).toBe('second');
    await powerOff(id);
    await clean(id);
    await restore(id, first, true);
    expect(app.core.machines.get(id).state).toBe('off');
    await start(id);
    expect(await read(id)).toBe('first');
    await powerOff(id);
    await clean(id);
  });

  it('are deleted while the guest runs, the one in use among them, and it does not notice', async () => {
    const id = await createMachine(app.core, fakeSpec('Deleting'));
    await start(id);
    const taken: string[] = [];
    for (const word of ['one', 'two', 'three']) {
      await write(id, word);
      taken.push(await take(id, false));
    }
    await write(id, 'present');
    await restoreless(id, taken);
    const images = async (): Promise<number> => (await readdir(join(folderOf(id), 'disks'))).length;
    // The image below the one in use had to stay; when the machine is off it is merged.
    expect(await images()).toBe(3);
    await powerOff(id);
    await expect.poll(images).toBe(2);
    await expect.poll(() => app.core.jobs.list().every(({ state }) => state !== 'running')).toBe(true);
    await clean(id);
    await start(id);
    expect(await read(id)).toBe('present');
    await powerOff(id);
  });

  async function restoreless(id: string, taken: string[]): Promise<void> {
    const [one = '', two = '', three = ''] = taken;
    await remove(id, two);
    expect(await read(id)).toBe('present');
    await remove(id, three);
    expect(await read(id)).toBe('present');
    const list = await app.core.handlers['snapshot.list']({ id });
    expect(list.snapshots.map((snapshot) => snapshot.id)).toEqual([one]);
    expect(list.current).toBe(one);
  }

  it('keep a saved machine saved, and a paused one paused', async () => {
    const id = await createMachine(app.core, fakeSpec('Still'));
    await start(id);
    await write(id, 'saved');
    await done(app.core.handlers['machine.save']({ id }));
    const saved = await take(id, true);
    expect(app.core.machines.get(id).state).toBe('saved');
    const changed = async (): Promise<boolean> =>
      (await app.core.handlers['snapshot.list']({ id })).presentChangedSince;
    expect(await changed()).toBe(false);
    await start(id);
    expect(await read(id)).toBe('saved');
    // Its disk is what it was, but its memory is another one, which would be lost.
    await done(app.core.handlers['machine.save']({ id }));
    expect(await changed()).toBe(true);
    await restore(id, saved);
    expect(await changed()).toBe(false);
    await start(id);
    await app.core.handlers['machine.pause']({ id });
    const paused = await take(id, true);
    expect(app.core.machines.get(id).state).toBe('paused');
    await restore(id, saved);
    expect(app.core.machines.get(id).state).toBe('saved');
    await restore(id, paused);
    expect(app.core.machines.get(id).state).toBe('paused');
    await powerOff(id);
    await clean(id);
  });

  it('bring settings and firmware variables back, and say what differs', async () => {
    const id = await createMachine(app.core, fakeSpec('Settings'));
    const variables = join(folderOf(id), 'firmware', 'variables.fd');
    await writeFirmware(variables, 'old');
    const snapshot = await take(id, false);
    expect((await app.core.handlers['snapshot.list']({ id })).presentChangedSince).toBe(false);
    await app.core.handlers['machine.configure']({ id, settings: { memoryMiB: 32 } });
    await app.core.handlers['machine.rename']({ id, name: 'Settings renamed' });
    await writeFirmware(variables, 'new');
    expect((await app.core.handlers['snapshot.list']({ id })).presentChangedSince).toBe(true);
    const compared = await app.core.handlers['snapshot.compare']({ id, a: snapshot, b: null });
    expect(compared.settings).toEqual([{ path: 'memoryMiB', a: 64, b: 32 }]);
    await restore(id, snapshot);
    expect(app.core.machines.get(id)).toMatchObject({ name: 'Settings renamed', config: { memoryMiB: 64 } });
    expect(await readFile(variables, 'utf8')).toBe('old');
    await app.core.handlers['snapshot.edit']({ id, snapshot, name: 'New name', description: 'Why' });
    const { snapshots } = await app.core.handlers['snapshot.list']({ id });
    expect(snapshots[0]).toMatchObject({ name: 'New name', description: 'Why' });
    const estimate = await app.core.handlers['snapshot.estimate']({ id, snapshots: [snapshot] });
    expect(estimate).toMatchObject({ merged: [], mergesPresent: true });
    await clean(id);
  });

  it('refuse a memory image that is damaged or of another engine before anything is changed', async () => {
    const id = await createMachine(app.core, fakeSpec('Damaged'));
    await start(id);
    await write(id, 'good');
    const snapshot = await take(id, true);
    const memory = join(folderOf(id), 'snapshots', snapshot, 'memory.viv');
    const whole = await readFile(memory);
    const broken = Buffer.from(whole);
    broken.write('X', 20);
    await writeFile(memory, broken);
    expect(await failureCode(app.core.handlers['snapshot.restore']({ id, snapshot }))).toBe(
      'saved-state.corrupt',
    );
    const newer = Buffer.from(whole);
    newer.writeUInt32LE(9, 8);
    await writeFile(memory, newer);
    expect(await failureCode(app.core.handlers['snapshot.restore']({ id, snapshot }))).toMatch(
      /^saved-state/,
    );
    expect(app.core.machines.get(id).state).toBe('running');
    await restore(id, snapshot, true);
    await start(id);
    expect(await read(id)).toBe('good');
    await powerOff(id);
    await writeFile(memory, whole);
    await clean(id);
  });

  it('survive the end of the process in the middle: the machine is aborted, nothing is lost', async () => {
    const id = await createMachine(app.core, fakeSpec('Killed'));
    const { runtime } = await start(id);
    await write(id, 'before');
    // What a guest has not been made to flush is lost with its process, as with any computer's power.
    await app.core.handlers['machine.pause']({ id });
    await app.core.handlers['machine.resume']({ id });
    const started = await app.core.handlers['snapshot.take']({ id, memory: true });
    const aborted = reached(app.core, id, 'aborted');
    process.kill(runtime?.pid ?? 0, 'SIGKILL');
    await Promise.all([jobEnd(app.core, started), aborted]);
    // The image that the process had open is put in order when it is opened next.
    expect(await complaintsAbout(folderOf(id), false)).toEqual([]);
    await start(id);
    expect(await read(id)).toBe('before');
    await powerOff(id);
    await clean(id);
  });
});

async function writeFirmware(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
}

describe('a change that was interrupted', () => {
  it('is dealt with when the library is opened, and the log tells', async () => {
    const id = await createMachine(app.core, fakeSpec('Interrupted'));
    await take(id, false);
    const folder = folderOf(id);
    const half = join(folder, 'disks', 'half.qcow2');
    await writeFile(half, 'unfinished');
    const pack = join(folder, 'memory', `${'0'.repeat(24)}.pack`);
    await mkdir(join(pack, '..'), { recursive: true });
    await writeFile(pack, 'of a memory image that never came about');
    const entry = {
      schema: 1,
      title: 'Take a snapshot',
      phase: 'prepare',
      prepare: [{ do: 'overlay', path: 'disks/half.qcow2', on: 'disks/disk0.qcow2' }],
      commit: [],
    };
    await writeFile(join(folder, 'journal.json'), JSON.stringify(entry));
    await app.core.shutdown('power-off');
    await app.begin();
    expect(await readdir(join(folder, 'disks'))).not.toContain('half.qcow2');
    expect(await readdir(join(pack, '..'))).toEqual([]);
    expect((await app.core.handlers['machine.log']({ id })).join('\n')).toContain(
      'was undone: Take a snapshot',
    );
    await clean(id);
  });

  it('is finished afterwards when another program has the machine at that moment', async () => {
    const id = await createMachine(app.core, fakeSpec('Taken'));
    await start(id);
    await write(id, 'first');
    const first = await take(id, true);
    await write(id, 'second');
    const locked = new Failure('machine.locked', 'Another program uses it.');
    const lock = vi.spyOn(app.core.machines, 'locked').mockRejectedValueOnce(locked);
    try {
      const { jobId } = await app.core.handlers['snapshot.restore']({ id, snapshot: first });
      const { error } = await app.core.jobs.ended(jobId);
      expect(error).toMatchObject({ code: 'journal.unfinished', hint: expect.any(String) as string });
    } finally {
      lock.mockRestore();
    }
    await expect.poll(() => app.core.machines.get(id)).toMatchObject({ state: 'saved', problem: null });
    await start(id);
    expect(await read(id)).toBe('first');
    await powerOff(id);
    await clean(id);
  });

  it('keeps a machine from being started while nobody can tell how it ended', async () => {
    const id = await createMachine(app.core, fakeSpec('Stuck'));
    await writeFile(join(folderOf(id), 'journal.json'), '{"schema":7}');
    expect(await failureCode(app.core.handlers['machine.start']({ id }))).toBe('journal.unfinished');
    await rm(join(folderOf(id), 'journal.json'));
    expect((await start(id)).state).toBe('running');
    await powerOff(id);
  });
});
