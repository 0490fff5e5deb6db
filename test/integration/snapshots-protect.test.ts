import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fakeCapabilities } from '@shared/engine/engines';
import type { Job } from '@shared/ipc/contract';
import type { AutomaticSnapshots } from '@shared/snapshot/automatic';
import type { Snapshot } from '@shared/snapshot/snapshot';
import { usualPatience } from '../../src/main/machines/runner';
import { nodeProcessHost } from '../../src/main/platform/node-process-host';
import { SnapshotService } from '../../src/main/snapshots/service';
import { createMachine, failureCode, fakeSpec, reached, typeSerial } from '../helpers/core';
import { complaintsAbout } from '../helpers/snapshots';
import { DiskWords, useCore } from '../helpers/use-core';

/** What happens to a machine's states by itself: changes that are discarded, snapshots that nobody asks for. */

const app = useCore();

const start = (id: string) => app.core.handlers['machine.start']({ id });
const folderOf = (id: string): string => app.core.machines.get(id).folder;
const protect = (
  id: string,
  wanted: { automatic?: AutomaticSnapshots | null; discardOnPowerOff?: boolean },
) => app.core.handlers['snapshot.protect']({ id, ...wanted });
const list = async (id: string): Promise<Snapshot[]> =>
  (await app.core.handlers['snapshot.list']({ id })).snapshots;
const done = (started: Promise<{ jobId: string }> | { jobId: string }): Promise<Job> => app.done(started);
const take = async (id: string): Promise<string> =>
  ((await done(app.core.handlers['snapshot.take']({ id, memory: false }))).result as { snapshot: string })
    .snapshot;
const words = new DiskWords(app);
const write = (id: string, word: string): Promise<void> => words.write(id, word);
const read = (id: string): Promise<string | undefined> => words.read(id);
const kept = (id: string): unknown => app.core.machines.get(id).config?.kept;
/** Everything that follows a machine's end has happened. */
const atRest = async (id: string): Promise<void> => {
  await expect.poll(() => kept(id)).toBeUndefined();
  await expect.poll(() => app.core.jobs.list().every(({ state }) => state !== 'running')).toBe(true);
  expect(await complaintsAbout(folderOf(id), false)).toEqual([]);
};
const powerOff = (id: string) => app.core.handlers['machine.powerOff']({ id });
const forgetful = async (name: string): Promise<string> => {
  const id = await createMachine(app.core, fakeSpec(name));
  await start(id);
  await write(id, 'kept');
  await powerOff(id);
  await protect(id, { discardOnPowerOff: true });
  return id;
};

describe('a machine that discards its changes', () => {
  it('forgets them at power-off, whoever powers it off, and when its process dies', async () => {
    const id = await forgetful('Forgetful');
    for (const end of ['person', 'guest', 'crash'] as const) {
      const { runtime } = await start(id);
      expect(kept(id)).toMatchObject({ snapshot: null, firmware: false });
      expect(await read(id)).toBe('kept');
      await write(id, end);
      expect(await read(id)).toBe(end);
      const over = reached(app.core, id, end === 'crash' ? 'aborted' : 'off');
      if (end === 'person') await powerOff(id);
      else if (end === 'guest') await typeSerial(app.core, id, 'poweroff', 'poweroff');
      else process.kill(runtime?.pid ?? 0, 'SIGKILL');
      await over;
      await atRest(id);
    }
    await start(id);
    expect(await read(id)).toBe('kept');
    await powerOff(id);
    await atRest(id);
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
  });

  it('does so at the next start of the program where that died first, or was closed', async () => {
    const id = await forgetful('Outlived');
    await start(id);
    await write(id, 'passing');
    await app.core.shutdown('power-off');
    await app.begin();
    await atRest(id);
    await start(id);
    expect(await read(id)).toBe('kept');
    await powerOff(id);
    await atRest(id);
  });

  it('keeps them with a saved state, and goes on', async () => {
    const id = await forgetful('Saved');
    await start(id);
    await write(id, 'passing');
    await done(app.core.handlers['machine.save']({ id }));
    expect(kept(id)).toBeDefined();
    // Nobody can tell what switching it off would mean now.
    expect(await failureCode(protect(id, { discardOnPowerOff: false }))).toBe('machine.wrong-state');
    await app.core.shutdown('power-off');
    await app.begin();
    await start(id);
    expect(await read(id)).toBe('passing');
    await done(app.core.handlers['machine.save']({ id }));
    await app.core.handlers['machine.discardSavedState']({ id });
    expect(app.core.machines.get(id).state).toBe('off');
    await start(id);
    expect(await read(id)).toBe('kept');
    await powerOff(id);
    await atRest(id);
    await protect(id, { discardOnPowerOff: false });
    await start(id);
    await write(id, 'lasting');
    await powerOff(id);
    await start(id);
    expect(await read(id)).toBe('lasting');
    await powerOff(id);
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
  });

  it('keeps snapshots of them, and what was kept keeps what it was for both', async () => {
    const id = await forgetful('Branching');
    const first = await take(id);
    await start(id);
    await write(id, 'passing');
    const passing = await take(id);
    await write(id, 'gone');
    await powerOff(id);
    await atRest(id);
    expect((await list(id)).map(({ id: one, parent }) => [one, parent])).toEqual([
      [first, null],
      [passing, first],
    ]);
    expect((await app.core.handlers['snapshot.list']({ id })).current).toBe(first);
    await protect(id, { discardOnPowerOff: false });
    await start(id);
    expect(await read(id)).toBe('kept');
    // What the snapshot goes on from must not be written to.
    await write(id, 'other');
    await powerOff(id);
    await done(app.core.handlers['snapshot.restore']({ id, snapshot: passing }));
    await protect(id, { discardOnPowerOff: true });
    await start(id);
    expect(await read(id)).toBe('passing');
    await write(id, 'gone again');
    // Deleting what it goes back to leaves what it goes back to.
    await done(app.core.handlers['snapshot.delete']({ id, snapshots: [passing, first] }));
    await powerOff(id);
    await atRest(id);
    await start(id);
    expect(await read(id)).toBe('passing');
    await powerOff(id);
    await atRest(id);
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
  });
});

const rules: AutomaticSnapshots = {
  every: null,
  memory: false,
  atStart: false,
  atStop: false,
  keep: { last: 1, hourly: 0, daily: 2 },
};

describe('automatic snapshots', () => {
  it('are taken before a start and after a power-off, where something has changed', async () => {
    const id = await createMachine(app.core, fakeSpec('Bracketed'));
    await protect(id, {
      automatic: { ...rules, atStart: true, atStop: true, keep: { last: 9, hourly: 0, daily: 0 } },
    });
    const reasons = async (): Promise<unknown[]> => (await list(id)).map(({ automatic }) => automatic);
    await start(id);
    expect(await reasons()).toEqual(['start']);
    await write(id, 'first');
    await powerOff(id);
    await expect.poll(reasons).toEqual(['start', 'stop']);
    // Nothing has changed since: not one more.
    await start(id);
    expect(await reasons()).toEqual(['start', 'stop']);
    await write(id, 'second');
    await app.core.handlers['machine.pause']({ id });
    await powerOff(id);
    await expect.poll(reasons).toEqual(['start', 'stop', 'stop']);
    const [, , last] = await list(id);
    expect(last?.name).toMatch(/^After power-off, \d{4}-/);
    // One that a person names is theirs.
    await app.core.handlers['snapshot.edit']({ id, snapshot: last?.id ?? '', name: 'Mine', description: '' });
    expect(await reasons()).toEqual(['start', 'stop', null]);
    // A machine that discards its changes has nothing to keep of them.
    await protect(id, { discardOnPowerOff: true });
    await start(id);
    await write(id, 'third');
    await powerOff(id);
    await atRest(id);
    expect(await reasons()).toHaveLength(3);
    await protect(id, { automatic: null, discardOnPowerOff: false });
    expect(app.core.machines.get(id).config).not.toHaveProperty('automaticSnapshots');
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
  });

  it('are taken by schedule while a machine runs, and thinned', async () => {
    const id = await createMachine(app.core, fakeSpec('Scheduled'));
    const mine = await take(id);
    await protect(id, { automatic: { ...rules, every: 5 } });
    await start(id);
    const service = new SnapshotService(app.core.machines, {
      biosFolder: '',
      processHost: nodeProcessHost(app.mainFolder),
      shell: { kind: 'browser' },
      jobs: app.core.jobs,
      emit: () => {},
      log: app.core.log,
      patience: usualPatience,
      engine: async () => ({ capabilities: fakeCapabilities, available: true, problem: null }),
    });
    await service.automatic.look();
    expect(await list(id)).toHaveLength(1);
    const age = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
    const machine = app.core.machines.library.get(id);
    if (machine.runtime) machine.runtime = { ...machine.runtime, startedAt: age(6) };
    await service.automatic.look();
    await service.automatic.look();
    const taken = async (): Promise<Snapshot[]> =>
      (await list(id)).filter(({ automatic }) => automatic !== null);
    expect(await taken()).toMatchObject([{ automatic: 'schedule', frozen: false, parent: mine }]);
    // As if it had been running for days: of each day one stays, and the newest.
    const dated: string[] = [];
    for (const days of [9, 8, 7]) {
      const [newest] = (await taken()).slice(-1);
      const record = join(folderOf(id), 'snapshots', newest?.id ?? '', 'snapshot.json');
      const raw = JSON.parse(await readFile(record, 'utf8')) as object;
      await writeFile(record, JSON.stringify({ ...raw, createdAt: age(days * 24 * 60) }));
      dated.push(newest?.id ?? '');
      await service.automatic.look();
    }
    const left = (await taken()).map((snapshot) => snapshot.id);
    expect(left).toHaveLength(2);
    expect(left[0]).toBe(dated.at(-1));
    expect((await list(id)).map((snapshot) => snapshot.id)).toContain(mine);
    await powerOff(id);
    await expect.poll(() => app.core.jobs.list().every(({ state }) => state !== 'running')).toBe(true);
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
  });
});
