import { access, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeConfig } from '../../src/main/machines/folder';
import {
  createMachine,
  failureCode,
  fakeSpec,
  jobEnd,
  nextEvent,
  reached,
  temporaryFolder,
  typeSerial,
} from '../helpers/core';
import { sampleWhere } from '../helpers/statistics';
import { useCore } from '../helpers/use-core';

const app = useCore();

const codeOf = failureCode;
const serial = (id: string, line: string, until: string): Promise<string> =>
  typeSerial(app.core, id, line, until);

describe('the life of a machine', () => {
  it('is created, runs, is paused, goes on, is powered off, and is deleted', async () => {
    const id = await createMachine(app.core, fakeSpec('First'));
    const { folder, config, state } = app.core.machines.get(id);
    expect(state).toBe('off');
    expect(config?.nics[0]?.mac).toMatch(/^52:54:00:/);
    expect(await readdir(join(folder, 'disks'))).toEqual(['disk0.qcow2']);

    const started = await app.core.handlers['machine.start']({ id });
    expect(started.state).toBe('running');
    expect(started.runtime?.pid).toBeGreaterThan(0);
    expect(await serial(id, 'echo $((6*7))', '42')).toContain('42');
    const samples = app.core.machines.power.processOf(app.core.machines.library.get(id));
    await sampleWhere(samples.openStream({ name: 'statistics', history: false }));

    expect((await app.core.handlers['machine.pause']({ id })).state).toBe('paused');
    expect(await codeOf(app.core.handlers['machine.pause']({ id }))).toBe('machine.wrong-state');
    expect((await app.core.handlers['machine.resume']({ id })).state).toBe('running');
    const { path, png } = await app.core.handlers['machine.screenshot']({ id });
    expect((await readFile(path)).toString('base64')).toBe(png);
    expect(await codeOf(app.core.handlers['machine.delete']({ id, how: 'erase' }))).toBe(
      'machine.wrong-state',
    );

    expect((await app.core.handlers['machine.powerOff']({ id })).state).toBe('off');
    expect(app.core.machines.get(id).problem).toBeNull();
    expect((await app.core.handlers['machine.log']({ id })).join('\n')).toContain('starting → running');
    await app.core.handlers['machine.delete']({ id, how: 'erase' });
    expect(app.core.machines.list()).toEqual([]);
    expect(await readdir(join(app.dataFolder, 'machines'))).toEqual([]);
  });

  it('keeps the saved state across a new start of the program, and uses it up', async () => {
    const id = await createMachine(app.core, fakeSpec('Saved'));
    const { folder } = app.core.machines.get(id);
    await app.core.handlers['machine.start']({ id });
    const job = await jobEnd(app.core, await app.core.handlers['machine.save']({ id }));
    expect(job).toMatchObject({ state: 'done', error: null });
    expect(app.core.machines.get(id)).toMatchObject({ state: 'saved', runtime: null, problem: null });
    expect(app.core.machines.get(id).savedAt).not.toBeNull();
    expect(await app.core.handlers['machine.savedScreen']({ id })).toMatch(/^iVBOR/);
    expect(await codeOf(app.core.machines.configure(id, { memoryMiB: 128 }))).toBe('machine.wrong-state');

    await app.core.shutdown('save');
    await app.begin();
    expect(app.core.machines.get(id).state).toBe('saved');
    expect((await app.core.handlers['machine.start']({ id })).state).toBe('running');
    expect(await readdir(folder)).not.toContain('saved');
    await app.core.handlers['machine.powerOff']({ id });
    expect(app.core.machines.get(id)).toMatchObject({ state: 'off', savedAt: null });
  });

  it('refuses a saved state of other hardware, keeps it, and can discard it', async () => {
    const id = await createMachine(app.core, fakeSpec('Mismatch'));
    const { folder, config } = app.core.machines.get(id);
    await app.core.handlers['machine.start']({ id });
    await jobEnd(app.core, await app.core.handlers['machine.save']({ id }));
    if (config) await writeConfig(folder, { ...config, memoryMiB: 65 });
    expect(await codeOf(app.core.handlers['machine.start']({ id }))).toBe('saved-state.mismatch');
    expect(app.core.machines.get(id).state).toBe('saved');
    await access(join(folder, 'saved', 'state.viv'));
    expect((await app.core.handlers['machine.discardSavedState']({ id })).state).toBe('off');
    expect(await readdir(folder)).not.toContain('saved');
    expect((await app.core.handlers['machine.start']({ id })).state).toBe('running');
    await app.core.handlers['machine.powerOff']({ id });
  });

  it('tells a crash from an end: kill -9 of one machine leaves the other running', async () => {
    const [a, b] = [
      await createMachine(app.core, fakeSpec('Victim')),
      await createMachine(app.core, fakeSpec('Witness')),
    ];
    const { runtime } = await app.core.handlers['machine.start']({ id: a });
    await app.core.handlers['machine.start']({ id: b });
    const aborted = reached(app.core, a, 'aborted');
    process.kill(runtime?.pid ?? 0, 'SIGKILL');
    await aborted;
    const { problem } = app.core.machines.get(a);
    expect(problem?.code).toBe('machine.crashed');
    expect(problem?.message).toContain('SIGKILL');
    expect(app.core.machines.get(b).state).toBe('running');
    expect(await serial(b, 'echo $((123*3))', '369')).toContain('369');
    // It is not started again by itself, but can be by a person.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(app.core.machines.get(a).state).toBe('aborted');
    expect((await app.core.handlers['machine.start']({ id: a })).state).toBe('running');
    expect(app.core.machines.get(a).problem).toBeNull();
    await Promise.all([a, b].map((id) => app.core.handlers['machine.powerOff']({ id })));
  });

  it('is off when the guest powers itself off', async () => {
    const id = await createMachine(app.core, fakeSpec('Guest ends'));
    await app.core.handlers['machine.start']({ id });
    const off = reached(app.core, id, 'off');
    await serial(id, 'poweroff', 'poweroff');
    await off;
    expect(app.core.machines.get(id).problem).toBeNull();
  });
});

describe('what the computer and the desktop mean for machines', () => {
  const state = (id: string): string => app.core.machines.get(id).state;
  const log = async (id: string): Promise<string> =>
    (await app.core.handlers['machine.log']({ id })).join('\n');

  it('sleep with it, go on when it wakes, and have their clocks set where an agent can', async () => {
    const id = await createMachine(app.core, fakeSpec('Sleeper'));
    const other = await createMachine(app.core, fakeSpec('Stopped by hand'));
    for (const one of [id, other]) await app.core.handlers['machine.start']({ id: one });
    await serial(id, 'agent willing', 'agent:');
    await app.core.handlers['machine.pause']({ id: other });

    await app.core.handlers['host.sleep']({ machines: 'pause' });
    expect(state(id)).toBe('paused');
    await app.core.handlers['host.wake']({});
    expect(state(id)).toBe('running');
    expect(state(other)).toBe('paused');
    await expect.poll(() => serial(id, 'agent willing', 'agent:'), { timeout: 15_000 }).toContain('clock');
    await expect.poll(() => log(id), { timeout: 15_000 }).toContain('clock was set');

    await app.core.handlers['host.sleep']({ machines: 'nothing' });
    expect(state(id)).toBe('running');
    await app.core.handlers['host.wake']({});

    await app.core.handlers['host.sleep']({ machines: 'save' });
    expect(state(id)).toBe('saved');
    await app.core.handlers['host.wake']({});
    expect(state(id)).toBe('running');
    expect(state(other)).toBe('paused');
    // Somebody who has dealt with it meanwhile is not overruled.
    await app.core.handlers['host.sleep']({ machines: 'pause' });
    await app.core.handlers['machine.powerOff']({ id });
    await app.core.handlers['host.wake']({});
    expect(state(id)).toBe('off');
    await app.core.handlers['machine.powerOff']({ id: other });
  });

  it('start with the program when they are to, and say why when they cannot', async () => {
    const id = await createMachine(app.core, fakeSpec('Early'));
    const broken = await createMachine(app.core, fakeSpec('Broken'));
    const later = await createMachine(app.core, fakeSpec('Later'));
    for (const one of [id, broken]) {
      await app.core.handlers['machine.configure']({
        id: one,
        settings: { autostart: { on: true, delaySeconds: 0 } },
      });
    }
    await app.core.handlers['machine.configure']({
      id: later,
      settings: { autostart: { on: true, delaySeconds: 3600 } },
    });
    await rm(join(app.core.machines.get(broken).folder, 'disks'), { recursive: true });
    const told = nextEvent(app.core, ({ name, value }) => (name === 'machine.notice' ? value : undefined));
    app.core.autostart();
    await reached(app.core, id, 'running');
    expect(await told).toMatchObject({ id: broken, notice: { ref: { key: 'machine.notAutostarted' } } });
    expect(state(later)).toBe('off');
    await app.core.handlers['machine.powerOff']({ id });
  });

  it('are opened by their folder or the file in it; images are images, and other things are refused', async () => {
    const id = await createMachine(app.core, fakeSpec('Opened'));
    const { folder } = app.core.machines.get(id);
    const open = (path: string) => app.core.handlers['app.openPath']({ path });
    expect(await open(folder)).toEqual({ kind: 'machine', id });
    expect(await open(join(folder, 'machine.json'))).toEqual({ kind: 'machine', id });
    const elsewhere = join(app.dataFolder, 'elsewhere');
    await mkdir(elsewhere);
    for (const name of ['a.iso', 'b.ova']) await writeFile(join(elsewhere, name), 'x');
    expect(await open(join(elsewhere, 'a.iso'))).toEqual({ kind: 'image', path: join(elsewhere, 'a.iso') });
    expect(await codeOf(open(join(elsewhere, 'b.ova')))).toBe('disk.unsupported');
    expect(await codeOf(open(elsewhere))).toBe('input.invalid');
    expect(await codeOf(open(join(elsewhere, 'none')))).toBe('file.not-found');
    expect(await codeOf(open('a.iso'))).toBe('input.invalid');
  });

  it('move with the data folder, which stands still meanwhile', async () => {
    const [machine] = app.core.machines.list();
    const target = await temporaryFolder();
    let restarted = false;
    await app.core.shutdown('power-off');
    const restart = (): void => void (restarted = true);
    await app.begin({ shell: { kind: 'browser', restart } });
    const { jobId } = await app.core.handlers['app.moveData']({ folder: target });
    expect(await codeOf(Promise.resolve().then(() => app.core.handlers['preferences.set']({})))).toBe(
      'library.moving',
    );
    expect(await app.core.handlers['machine.list']({})).not.toEqual([]);
    expect(await app.core.jobs.ended(jobId)).toMatchObject({ state: 'done', error: null });
    await expect.poll(() => restarted, { timeout: 15_000 }).toBe(true);

    // Started again under the old name it works in the new folder, and the old one is empty.
    await app.begin();
    const found = app.core.machines.list().find(({ id }) => id === machine?.id);
    expect(found?.folder.startsWith(target)).toBe(true);
    expect(await readdir(app.dataFolder)).not.toContain('machines');
    const { id } = found ?? { id: '' };
    expect((await app.core.handlers['machine.start']({ id })).state).toBe('running');
    await app.core.shutdown('power-off');
    await rm(target, { recursive: true });
  });
});
