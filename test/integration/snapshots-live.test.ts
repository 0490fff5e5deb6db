import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '@shared/ipc/contract';
import type { Snapshot } from '@shared/snapshot/snapshot';
import type { Core } from '../../src/main/core';
import { chainOf } from '../../src/main/disks/chain/chain';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  fakeSpec,
  jobEnd,
  mergeEnd,
  nextEvent,
  reached,
  temporaryFolder,
  testCore,
  typeSerial,
} from '../helpers/core';
import { complaintsAbout } from '../helpers/snapshots';

/** Snapshots of running machines: file systems that are frozen, and memory that nobody wants any more. */

let built: BuiltMain;
let dataFolder: string;
let core: Core;

beforeAll(async () => {
  built = await buildMain();
  dataFolder = await temporaryFolder();
  core = await testCore(built.folder, dataFolder);
});
afterAll(async () => {
  await core?.shutdown('power-off');
  await built?.remove();
  if (dataFolder) await rm(dataFolder, { recursive: true, force: true });
});

const machineWith = async (name: string, ...lines: string[]): Promise<string> => {
  const id = await createMachine(core, fakeSpec(name));
  await core.handlers['machine.start']({ id });
  await say(id, ...lines);
  return id;
};
const folderOf = (id: string): string => core.machines.get(id).folder;
const take = async (id: string, memory: boolean): Promise<Job> =>
  jobEnd(core, await core.handlers['snapshot.take']({ id, memory }));
const list = async (id: string): Promise<Snapshot[]> =>
  (await core.handlers['snapshot.list']({ id })).snapshots;
/** A number whose multiple only appears when the shell has come to it, whatever is in the port's history. */
let mark = 12_345;
const say = async (id: string, ...lines: string[]): Promise<string> => {
  mark++;
  for (const line of lines) await typeSerial(core, id, line, line);
  return typeSerial(core, id, `echo $((${mark}*7))`, String(mark * 7));
};
/** What the guest's agent has been asked to do, but for its clock: that is set whenever a guest goes on. */
const history = async (id: string): Promise<string | undefined> =>
  [...(await say(id, 'agent')).matchAll(/agent: ([a-z ]*)/g)]
    .at(-1)?.[1]
    ?.replace(/\bclock\b ?/g, '')
    .trim();
const clean = async (id: string): Promise<void> => {
  await core.handlers['machine.powerOff']({ id });
  await expect.poll(() => core.jobs.list().every(({ state }) => state !== 'running')).toBe(true);
  expect(await complaintsAbout(folderOf(id))).toEqual([]);
};

describe('a snapshot of the disks of a running machine', () => {
  it('has the guest freeze its file systems, and says so', async () => {
    const id = await machineWith('Frozen', 'agent willing');
    expect((await take(id, false)).error).toBeNull();
    // With its memory, a guest goes on from where it was: nothing to freeze. One that stands still does not answer.
    expect((await take(id, true)).error).toBeNull();
    await core.handlers['machine.pause']({ id });
    expect((await take(id, false)).error).toBeNull();
    await core.handlers['machine.resume']({ id });
    expect((await list(id)).map(({ frozen }) => frozen)).toEqual([true, null, null]);
    expect(await history(id)).toBe('frozen thawed');
    await clean(id);
  });

  it('is like pulling the plug without an agent, or with one that says nothing; whatever it did is taken back', async () => {
    const id = await machineWith('Silent');
    await take(id, false);
    await say(id, 'agent silent');
    await take(id, false);
    await say(id, 'agent reluctant');
    await take(id, false);
    expect((await list(id)).map(({ frozen }) => frozen)).toEqual([false, false, true]);
    expect(await history(id)).toBe('frozen thawed frozen thawed');
    await clean(id);
  });

  it('thaws the guest when the snapshot fails', async () => {
    const id = await machineWith('Failing', 'agent willing');
    const before = await readdir(join(folderOf(id), 'disks'));
    // The process finds something else than the image that was made for it.
    const spoiled = spoilNextOverlay(folderOf(id), before);
    expect((await take(id, false)).state).toBe('failed');
    await spoiled;
    expect(await history(id)).toBe('frozen thawed');
    expect(await list(id)).toEqual([]);
    await clean(id);
  });
});

/** Makes the next new image of a folder one that cannot be opened, as soon as it is there. */
async function spoilNextOverlay(folder: string, known: string[]): Promise<void> {
  for (;;) {
    const found = (await readdir(join(folder, 'disks'))).find((name) => !known.includes(name));
    const journal = await readFile(join(folder, 'journal.json'), 'utf8').catch(() => '');
    if (found !== undefined && journal.includes('"phase": "commit"')) {
      await writeFile(join(folder, 'disks', found), 'not an image');
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a snapshot that is cancelled while its memory is written', () => {
  it('is undone: nobody asked for one without memory', async () => {
    const id = await machineWith('Cancelled', 'slow-memory');
    await say(id, 'disk-write before');
    const first = await core.handlers['snapshot.take']({ id, memory: true });
    const seen = nextEvent(core, (event) => {
      if (event.name !== 'job.changed' || event.value.id !== first.jobId || event.value.done === 0)
        return undefined;
      return event.value;
    });
    const progress = await seen;
    expect(progress).toMatchObject({ unit: 'bytes', cancellable: true });
    expect(progress.total).toBeGreaterThan(100);
    await core.handlers['job.cancel']({ id: first.jobId });
    expect(await jobEnd(core, first)).toMatchObject({ state: 'cancelled' });
    expect(await list(id)).toEqual([]);
    // The guest has noticed nothing, and the next one works.
    expect(await say(id, 'disk-read')).toContain('disk=before');
    await say(id, 'disk-write after');
    expect((await take(id, true)).state).toBe('done');
    expect(await list(id)).toMatchObject([{ memory: true, parent: null }]);
    await clean(id);
    await core.handlers['machine.start']({ id });
    expect(await say(id, 'disk-read')).toContain('disk=after');
    await clean(id);
  });

  it('keeps what it has where only the process died', async () => {
    const id = await machineWith('Died', 'slow-memory');
    const { jobId } = await core.handlers['snapshot.take']({ id, memory: true });
    await nextEvent(core, (event) =>
      event.name === 'job.changed' && event.value.id === jobId && event.value.done > 0 ? true : undefined,
    );
    const aborted = reached(core, id, 'aborted');
    process.kill(core.machines.get(id).runtime?.pid ?? 0, 'SIGKILL');
    const [job] = await Promise.all([jobEnd(core, { jobId }), aborted]);
    expect(job.error?.message).toBe('The snapshot has no memory: it could not be written.');
    expect(await list(id)).toMatchObject([{ memory: false }]);
    expect(await complaintsAbout(folderOf(id), false)).toEqual([]);
    await core.handlers['machine.start']({ id });
    await clean(id);
    expect(existsSync(join(folderOf(id), 'journal.json'))).toBe(false);
  });
});

describe('deleting the snapshot that a running machine goes on from', () => {
  const imageOf = (id: string): string =>
    join(folderOf(id), core.machines.get(id).config?.disks[0]?.path ?? '');
  const depth = async (id: string): Promise<number> => (await chainOf(imageOf(id))).length;
  /** Three snapshots; the newest two have a word of their own, and the present has nothing. */
  const three = async (name: string, ...lines: string[]): Promise<{ id: string; ids: string[] }> => {
    const id = await machineWith(name, ...lines);
    const ids: string[] = [];
    for (const word of ['one', 'two', 'three']) {
      await say(id, `disk-write ${word}`);
      ids.push(((await take(id, false)).result as { snapshot: string }).snapshot);
    }
    return { id, ids };
  };
  const remove = async (id: string, ...snapshots: string[]): Promise<{ jobId: string }> =>
    core.handlers['snapshot.delete']({ id, snapshots });
  /** Resolves when images are being merged, and nothing is done yet. */
  const merging = (id: string): Promise<string> =>
    nextEvent(core, ({ name, value }) =>
      name === 'job.changed' && value.kind === 'mergeDisks' && value.subject === id && value.done > 0
        ? value.id
        : undefined,
    );
  const running = (kind: Job['kind']): boolean =>
    core.jobs.list().some((job) => job.kind === kind && job.state === 'running');

  it('gives its space back while the machine runs', async () => {
    const { id, ids } = await three('Space');
    const estimate = await core.handlers['snapshot.estimate']({ id, snapshots: [ids[2] ?? ''] });
    expect(estimate).toMatchObject({ merged: [], mergesPresent: true, neededBytes: 65536 });
    expect(estimate.freedBytes).toBeGreaterThan(0);
    const before = await readdir(join(folderOf(id), 'disks'));
    expect((await jobEnd(core, await remove(id, ids[2] ?? ''))).state).toBe('done');
    expect(await mergeEnd(core, id)).toMatchObject({ state: 'done', automatic: true });
    expect(core.machines.get(id).state).toBe('running');
    expect(await depth(id)).toBe(3);
    expect(await readdir(join(folderOf(id), 'disks'))).toHaveLength(before.length - 1);
    expect(await say(id, 'disk-read')).toContain('disk=three');
    // All of them at once, and the guest stands still: what it writes is on the disk.
    await say(id, 'disk-write four');
    await core.handlers['machine.pause']({ id });
    expect((await jobEnd(core, await remove(id, ids[0] ?? '', ids[1] ?? ''))).state).toBe('done');
    expect(await mergeEnd(core, id)).toMatchObject({ state: 'done' });
    expect(await chainOf(imageOf(id))).toEqual([imageOf(id)]);
    expect(await readdir(join(folderOf(id), 'disks'))).toHaveLength(1);
    await core.handlers['machine.resume']({ id });
    expect(await say(id, 'disk-read')).toContain('disk=four');
    await clean(id);
    await core.handlers['machine.start']({ id });
    expect(await say(id, 'disk-read')).toContain('disk=four');
    await clean(id);
  });

  it('makes way for a snapshot, and goes on afterwards', async () => {
    const { id, ids } = await three('Making way', 'slow-merge');
    const seen = merging(id);
    await jobEnd(core, await remove(id, ids[2] ?? ''));
    await seen;
    expect((await take(id, true)).state).toBe('done');
    expect(running('mergeDisks')).toBe(true);
    expect(await mergeEnd(core, id)).toMatchObject({ state: 'done' });
    // What was in the way belongs to nobody: the new snapshot has it now.
    expect(await depth(id)).toBe(4);
    expect(await say(id, 'disk-read')).toContain('disk=three');
    expect(await list(id)).toHaveLength(3);
    await clean(id);
  });

  it('is ended by a person, by saving and by a death: the rest is merged when the machine is off', async () => {
    const { id, ids } = await three('Ended', 'slow-merge');
    const seen = merging(id);
    await jobEnd(core, await remove(id, ids[2] ?? ''));
    await core.handlers['job.cancel']({ id: await seen });
    expect(await mergeEnd(core, id)).toMatchObject({ state: 'cancelled', error: null });
    expect(await depth(id)).toBe(4);
    // The next deletion takes all of it.
    const again = merging(id);
    await jobEnd(core, await remove(id, ids[1] ?? ''));
    await again;
    expect(await jobEnd(core, await core.handlers['machine.save']({ id }))).toMatchObject({ state: 'done' });
    expect(await mergeEnd(core, id)).toMatchObject({ state: 'cancelled', error: null });
    await expect.poll(() => running('deleteSnapshots')).toBe(false);
    await expect.poll(() => depth(id)).toBe(2);
    await core.handlers['machine.start']({ id });
    expect(await say(id, 'disk-read', 'slow-merge')).toContain('disk=three');
    await say(id, 'disk-write five');
    expect((await take(id, false)).state).toBe('done');
    const third = merging(id);
    await jobEnd(core, await remove(id, (await list(id)).at(-1)?.id ?? ''));
    await third;
    await core.handlers['machine.pause']({ id });
    const aborted = reached(core, id, 'aborted');
    process.kill(core.machines.get(id).runtime?.pid ?? 0, 'SIGKILL');
    await aborted;
    expect(await mergeEnd(core, id)).toMatchObject({ state: 'cancelled' });
    await expect.poll(() => depth(id)).toBe(2);
    await core.handlers['machine.start']({ id });
    expect(await say(id, 'disk-read')).toContain('disk=five');
    await clean(id);
  });
});
