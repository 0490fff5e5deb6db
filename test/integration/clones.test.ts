import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '@shared/ipc/contract';
import type { CloneRequest } from '@shared/machine/clone';
import type { Core } from '../../src/main/core';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  jobEnd,
  temporaryFolder,
  testCore,
  typeSerial,
} from '../helpers/core';
import { complaintsAbout, contentsOf, look } from '../helpers/snapshots';

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

const done = async (started: Promise<{ jobId: string }> | { jobId: string }): Promise<Job> => {
  const job = await jobEnd(core, await started);
  expect(job.error).toBeNull();
  expect(job.state).toBe('done');
  return job;
};
const clone = async (id: string, changes: Partial<CloneRequest>): Promise<string> => {
  const request = { snapshot: null, kind: 'full', snapshots: false, keepAddresses: false } as const;
  const job = await done(core.handlers['clone.create']({ id, name: `${id} copy`, ...request, ...changes }));
  return (job.result as { id: string }).id;
};
const take = async (id: string, name: string, memory = false): Promise<string> => {
  const job = await done(core.handlers['snapshot.take']({ id, memory, name }));
  return (job.result as { snapshot: string }).snapshot;
};
const start = (id: string) => core.handlers['machine.start']({ id });
const powerOff = (id: string) => core.handlers['machine.powerOff']({ id });
const erase = (id: string) => core.handlers['machine.delete']({ id, how: 'erase' });
const folderOf = (id: string): string => core.machines.get(id).folder;
const macsOf = (id: string) => core.machines.get(id).config?.nics.map(({ mac }) => mac);
/** A number whose multiple only appears when the shell has come to it. */
let mark = 12_345;
const settled = async (id: string): Promise<string> => {
  mark++;
  return typeSerial(core, id, `echo $((${mark}*7))`, String(mark * 7));
};
/** What is on the disk, as the guest reads it. */
const readInside = async (id: string): Promise<string | undefined> => {
  await start(id);
  await typeSerial(core, id, 'disk-read', 'disk-read');
  const output = await settled(id);
  await powerOff(id);
  return [...output.matchAll(/disk=(\w*)/g)].at(-1)?.[1];
};
const writeNow = async (id: string, word: string): Promise<void> => {
  await typeSerial(core, id, `disk-write ${word}`, 'written');
  await settled(id);
};
const writeInside = async (id: string, word: string): Promise<void> => {
  await start(id);
  await writeNow(id, word);
  await powerOff(id);
};
const clean = async (...ids: string[]): Promise<void> => {
  for (const id of ids) expect(await complaintsAbout(folderOf(id))).toEqual([]);
};

describe('a full clone', () => {
  it('has the same disk and an identity of its own, and neither is moved by what happens to the other', async () => {
    const id = await createMachine(core, fakeSpec('Original'));
    await writeInside(id, 'first');
    await mkdir(join(folderOf(id), 'firmware', 'tpm'), { recursive: true });
    await writeFile(join(folderOf(id), 'firmware', 'tpm', 'state'), 'the state of the TPM');
    const copy = await clone(id, { name: 'Original copy' });
    const config = core.machines.get(copy).config;
    expect(config).toMatchObject({
      id: copy,
      name: 'Original copy',
      clonedFrom: { machine: id, name: 'Original', snapshot: null, linked: false },
    });
    expect(macsOf(copy)).not.toEqual(macsOf(id));
    expect(await readFile(join(folderOf(copy), 'firmware', 'tpm', 'state'), 'utf8')).toBe(
      'the state of the TPM',
    );
    expect((await readdir(folderOf(copy))).includes('source')).toBe(false);
    await writeInside(copy, 'second');
    expect(await readInside(id)).toBe('first');
    expect(await readInside(copy)).toBe('second');
    await clean(id, copy);
  });

  it('of a snapshot is made while the machine runs on', async () => {
    const id = await createMachine(core, fakeSpec('Busy'));
    await start(id);
    await writeNow(id, 'before');
    const snapshot = await take(id, 'Before', true);
    await writeNow(id, 'after');
    const copy = await clone(id, { name: 'Busy before', snapshot });
    expect(core.machines.get(id).state).toBe('running');
    expect(await failureCode(clone(id, { name: 'Busy now' }))).toBe('machine.wrong-state');
    await powerOff(id);
    expect(await readInside(copy)).toBe('before');
    expect(await readInside(id)).toBe('after');
    await clean(id, copy);
  });

  it('with snapshots has them all; their memory only where the addresses are the same', async () => {
    const id = await createMachine(core, fakeSpec('With history'));
    await start(id);
    await writeNow(id, 'one');
    const first = await take(id, 'One', true);
    await writeNow(id, 'two');
    await powerOff(id);
    await take(id, 'Two');
    const original = await look(folderOf(id));
    const copy = await clone(id, { name: 'History copy', snapshots: true });
    const copied = await look(folderOf(copy));
    expect(copied.present).toEqual(original.present);
    expect(copied.current).toEqual(original.current);
    expect(Object.values(copied.snapshots).map(({ disks }) => disks)).toEqual(
      Object.values(original.snapshots).map(({ disks }) => disks),
    );
    expect(copied.snapshots[first]).toMatchObject({ memory: false });
    const { snapshots } = await core.handlers['snapshot.list']({ id: copy });
    expect(snapshots.map(({ config }) => [config.id, config.nics[0]?.mac])).toEqual(
      snapshots.map(() => [copy, macsOf(copy)?.[0]]),
    );
    await done(core.handlers['snapshot.restore']({ id: copy, snapshot: first }));
    expect(core.machines.get(copy)).toMatchObject({
      state: 'off',
      config: { id: copy, name: 'History copy' },
    });
    expect(macsOf(copy)).not.toEqual(macsOf(id));
    expect(await readInside(copy)).toBe('one');

    const twin = await clone(id, { name: 'Twin', snapshots: true, keepAddresses: true });
    expect(macsOf(twin)).toEqual(macsOf(id));
    const packs = await readdir(join(folderOf(id), 'memory'));
    expect(packs.length).toBe(1);
    for (const pack of packs) {
      const [one, other] = await Promise.all(
        [id, twin].map((of) => stat(join(folderOf(of), 'memory', pack))),
      );
      expect(one?.ino).toBe(other?.ino);
    }
    await done(core.handlers['snapshot.restore']({ id: twin, snapshot: first }));
    expect(core.machines.get(twin).state).toBe('running');
    await powerOff(twin);
    await clean(id, copy, twin);
  });
});

describe('a linked clone', () => {
  it('shares the images, takes next to no space, and needs nothing of the other machine', async () => {
    const id = await createMachine(core, fakeSpec('Parent'));
    await writeInside(id, 'shared');
    const copies = [
      await clone(id, { name: 'A', kind: 'linked' }),
      await clone(id, { name: 'B', kind: 'linked' }),
    ];
    const [a = '', b = ''] = copies;
    // Nothing was written between the two: one snapshot serves both.
    expect((await core.handlers['snapshot.list']({ id })).snapshots).toHaveLength(1);
    expect(core.machines.get(a).config?.clonedFrom).toMatchObject({ machine: id, linked: true });
    await writeInside(a, 'changed');
    expect(await readInside(b)).toBe('shared');
    expect(await readInside(id)).toBe('shared');
    expect((await core.handlers['clone.sharing']({ id })).map(({ name }) => name)).toEqual(['A', 'B']);
    expect((await core.handlers['clone.sharing']({ id: b })).map(({ name }) => name)).toEqual([
      'A',
      'Parent',
    ]);
    await clean(id, a, b);
    // The parent's snapshot is merged away, then the parent itself is erased.
    const [snapshot] = (await core.handlers['snapshot.list']({ id })).snapshots;
    await done(core.handlers['snapshot.delete']({ id, snapshots: [snapshot?.id ?? ''] }));
    expect((await core.handlers['clone.sharing']({ id })).map(({ name }) => name)).toEqual([]);
    await erase(id);
    expect(await readInside(a)).toBe('changed');
    expect(await readInside(b)).toBe('shared');
    await clean(a, b);
    // Its base is its first snapshot: that can be gone back to, and merged away as well.
    const [own] = (await core.handlers['snapshot.list']({ id: a })).snapshots;
    expect(own?.name).toBe(`Parent · ${snapshot?.name}`);
    await done(core.handlers['snapshot.delete']({ id: a, snapshots: [own?.id ?? ''] }));
    expect(await readInside(a)).toBe('changed');
    expect(await core.handlers['clone.sharing']({ id: b })).toEqual([]);
    await clean(a, b);
  });

  it('of a deep chain keeps sharing when its own snapshots come and go', async () => {
    const id = await createMachine(core, fakeSpec('Deep'));
    for (const word of ['one', 'two', 'three']) {
      await writeInside(id, word);
      await take(id, word);
    }
    const copy = await clone(id, { name: 'Deep copy', kind: 'linked' });
    const shared = (await core.handlers['clone.sharing']({ id: copy }))[0]?.bytes ?? 0;
    expect(shared).toBeGreaterThan(0);
    await writeInside(copy, 'four');
    const mine = await take(copy, 'Mine');
    await writeInside(copy, 'five');
    await done(core.handlers['snapshot.delete']({ id: copy, snapshots: [mine] }));
    expect((await core.handlers['clone.sharing']({ id: copy }))[0]?.bytes).toBe(shared);
    expect(await readInside(copy)).toBe('five');
    expect(await readInside(id)).toBe('three');
    await clean(id, copy);
  });

  it('survives a restart, a moved folder and a copy made by hand', async () => {
    const id = await createMachine(core, fakeSpec('Moved parent'));
    await writeInside(id, 'kept');
    const copy = await clone(id, { name: 'Stays', kind: 'linked' });
    const before = (await stat(join(folderOf(copy), 'machine.json'))).mtimeMs;
    await core.shutdown('power-off');
    await rename(folderOf(id), join(dataFolder, 'elsewhere'));
    core = await testCore(built.folder, dataFolder);
    expect(core.machines.get(copy).inaccessible).toBe(false);
    expect((await stat(join(folderOf(copy), 'machine.json'))).mtimeMs).toBe(before);
    expect(await readInside(copy)).toBe('kept');
    const moved = await core.handlers['machine.open']({ path: join(dataFolder, 'elsewhere') });
    expect((await core.handlers['clone.sharing']({ id: moved.id })).map(({ name }) => name)).toEqual([
      'Stays',
    ]);
    await clean(copy, id);
  });
});

describe('a template', () => {
  it('is never started; machines are made of it', async () => {
    const id = await createMachine(core, fakeSpec('Pattern'));
    await writeInside(id, 'pattern');
    expect(await core.handlers['clone.setTemplate']({ id, template: true })).toMatchObject({
      config: { template: true },
    });
    expect(await failureCode(start(id))).toBe('machine.wrong-state');
    expect(core.machines.get(id).state).toBe('off');
    const made = await clone(id, { name: 'Made', kind: 'linked' });
    expect(core.machines.get(made).config?.template).toBeUndefined();
    expect(await readInside(made)).toBe('pattern');
    const [snapshot] = (await core.handlers['snapshot.list']({ id })).snapshots;
    await done(core.handlers['snapshot.restore']({ id, snapshot: snapshot?.id ?? '' }));
    expect(core.machines.get(id).config?.template).toBe(true);
    await core.handlers['clone.setTemplate']({ id, template: false });
    expect(await readInside(id)).toBe('pattern');
    await clean(id, made);
  });
});

describe('what is refused', () => {
  it('names that are taken, snapshots that there are not, and combinations without sense', async () => {
    const id = await createMachine(core, fakeSpec('Plain'));
    const other = await createMachine(core, fakeSpec('Taken'));
    expect(await failureCode(clone(id, { name: 'taken' }))).toBe('input.invalid');
    expect(await failureCode(clone(id, { snapshot: 'a'.repeat(16) }))).toBe('snapshot.not-found');
    expect(await failureCode(clone(id, { kind: 'linked', snapshots: true }))).toBe('input.invalid');
    expect(await failureCode(clone('b'.repeat(16), {}))).toBe('machine.not-found');
    const diskless = await createMachine(core, fakeSpec('Diskless', { disk: { kind: 'none' } }));
    expect(await failureCode(clone(diskless, { name: 'Linked', kind: 'linked' }))).toBe('input.invalid');
    const copy = await clone(diskless, { name: 'Diskless copy' });
    expect(core.machines.get(copy).config?.disks).toEqual([]);
    await clean(id, other);
  });

  it('starting a machine whose disks are being copied; a cancelled clone leaves nothing', async () => {
    const id = await createMachine(core, fakeSpec('Big', { disk: { kind: 'new', sizeMiB: 256 } }));
    const disk = join(folderOf(id), 'disks', 'disk0.qcow2');
    const { openDisk } = await import('../../src/main/disks/open-disk');
    const device = await openDisk(disk, { readOnly: false });
    const block = new Uint8Array(2 ** 20).map((_, index) => index * 7);
    for (let offset = 0; offset < 200; offset++) await device.write(offset * 2 ** 20, block);
    await device.close();
    const before = await contentsOf(disk);
    const folders = await readdir(join(dataFolder, 'machines'));
    const { jobId } = await core.handlers['clone.create']({
      id,
      name: 'Never',
      snapshot: null,
      kind: 'full',
      snapshots: false,
      keepAddresses: false,
    });
    await expect.poll(() => core.jobs.list().find((job) => job.id === jobId)?.done ?? 0).toBeGreaterThan(0);
    expect(await failureCode(start(id))).toBe('machine.locked');
    core.jobs.cancel(jobId);
    expect((await core.jobs.ended(jobId)).state).toBe('cancelled');
    expect(await readdir(join(dataFolder, 'machines'))).toEqual(folders);
    expect(Buffer.compare(await contentsOf(disk), before)).toBe(0);
    await start(id);
    await powerOff(id);
    await clean(id);
  });
});
