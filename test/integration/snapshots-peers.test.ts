import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergeImages } from '../../src/main/disks/chain/merge';
import { lockFile } from '../../src/main/platform/file-lock';
import { hostSnapshotFiles } from '../../src/main/snapshots/files';
import { SnapshotStore } from '../../src/main/snapshots/store';
import { buildMain, createMachine, failureCode, fakeSpec, jobEnd, testCore } from '../helpers/core';
import { complaintsAbout, contentsOf, look, machineFolder, takeOptions, writeTo } from '../helpers/snapshots';

/** What has lost people's data in other programs of this kind; the names say where. */

const options = { ...takeOptions, name: 'x' };

let folder: string;
let store: SnapshotStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-peers-'));
  await machineFolder(folder);
  store = new SnapshotStore(folder, hostSnapshotFiles());
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const disk = async (): Promise<string> => join(folder, (await store.config()).disks[0]?.path ?? '');
const remove = async (...ids: string[]): Promise<void> => store.delete(await store.planDelete(ids, false));

/** Turns one byte of the image's data around, as a failing disk does. */
function damage(image: string): void {
  const bytes = readFileSync(image);
  const at = bytes.lastIndexOf(4);
  bytes[at] = 5;
  writeFileSync(image, bytes);
}

describe('what happened to others', () => {
  it('VirtualBox #850: zeros written over old data stay zeros after reopening and merging', async () => {
    await writeTo(await disk(), 0, new Uint8Array(4 * 65536).fill(7));
    const a = await store.take(options, false);
    await writeTo(await disk(), 65536, new Uint8Array(65536));
    const b = await store.take(options, false);
    await writeTo(await disk(), 2 * 65536 + 100, new Uint8Array(1000));
    const expected = await contentsOf(await disk());
    expect(expected.subarray(65536, 2 * 65536).every((byte) => byte === 0)).toBe(true);
    await remove(b);
    expect(Buffer.compare(await contentsOf(await disk()), expected)).toBe(0);
    await remove(a);
    expect(Buffer.compare(await contentsOf(await disk()), expected)).toBe(0);
    expect(await complaintsAbout(folder)).toEqual([]);
  });

  it('Incus #3188: a restore that cannot work is refused before anything is changed', async () => {
    await writeTo(await disk(), 0, new Uint8Array(100).fill(1));
    const a = await store.take(options, false);
    await writeTo(await disk(), 0, new Uint8Array(100).fill(2));
    await store.take(options, false);
    const image = join(folder, 'disks', 'disk0.qcow2');
    const whole = await readFile(image);
    await writeFile(image, 'not a disk any more');
    const config = await readFile(join(folder, 'machine.json'), 'utf8');
    await expect(store.restore(a, false)).rejects.toMatchObject({ code: 'snapshot.broken' });
    expect(await readFile(join(folder, 'machine.json'), 'utf8')).toBe(config);
    expect(await store.has('journal.json')).toBe(false);
    await writeFile(image, whole);
    await store.restore(a, false);
    expect((await contentsOf(await disk()))[0]).toBe(1);
  });

  it('Multipass #2333: one broken record hides only itself, and nothing of it is thrown away', async () => {
    const a = await store.take(options, false);
    const b = await store.take(options, false);
    await writeFile(join(folder, 'snapshots', b, 'snapshot.json'), '{ torn');
    expect(await store.usableRecords()).toMatchObject({ records: [{ id: a }], broken: [b] });
    const before = await store.diskFiles();
    await store.restore(a, false);
    await expect(remove(a)).rejects.toMatchObject({ code: 'snapshot.broken' });
    expect(await store.diskFiles()).toEqual(expect.arrayContaining(before));
  });

  it('UTM #6547: a merged disk that is not equal never takes the place of the old one', async () => {
    await writeTo(await disk(), 0, new Uint8Array(65536).fill(3));
    const a = await store.take(options, false);
    await writeTo(await disk(), 65536, new Uint8Array(65536).fill(4));
    const before = await look(folder);
    const damaged = new SnapshotStore(folder, {
      ...hostSnapshotFiles(),
      merge: (request, control) => {
        const onProgress = (done: number, total: number): void => {
          if (done * 2 === total) damage(request.target); // all is written, nothing compared yet
        };
        return mergeImages(request, { ...control, onProgress });
      },
    });
    await expect(damaged.delete(await damaged.planDelete([a], false))).rejects.toMatchObject({
      code: 'disk.corrupt',
    });
    expect(await look(folder)).toEqual(before);
    expect(await complaintsAbout(folder)).toEqual([]);
  });

  it('VirtualBox #832: a snapshot keeps the firmware’s variables and the TPM', async () => {
    const variables = join(folder, 'firmware', 'x86_64-variables.fd');
    const tpm = join(folder, 'firmware', 'tpm', 'tpm2-00.permall');
    const set = async (text: string): Promise<void> => {
      await mkdir(join(folder, 'firmware', 'tpm'), { recursive: true });
      await writeFile(variables, `variables ${text}`);
      await writeFile(tpm, `tpm ${text}`);
    };
    const found = async (): Promise<string[]> => [
      await readFile(variables, 'utf8'),
      await readFile(tpm, 'utf8'),
    ];
    const without = await store.take(options, false);
    await set('one');
    const one = await store.take(options, false);
    await set('two');
    const two = await store.take(options, false);
    await set('present');
    await store.restore(one, false);
    expect(await found()).toEqual(['variables one', 'tpm one']);
    await remove(one);
    await store.restore(two, false);
    expect(await found()).toEqual(['variables two', 'tpm two']);
    // One from before there was any firmware goes back to none.
    await store.restore(without, false);
    expect(await store.has('firmware')).toBe(false);
    expect(await complaintsAbout(folder)).toEqual([]);
  });

  it('Rancher #5809: a full disk while snapshots are merged loses nothing, and it goes on later', async () => {
    await writeTo(await disk(), 0, new Uint8Array(65536).fill(3));
    const a = await store.take(options, false);
    const before = await look(folder);
    const full = new SnapshotStore(folder, {
      ...hostSnapshotFiles(),
      merge: async () => {
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
    });
    await expect(full.delete(await full.planDelete([a], false))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await look(folder)).toEqual(before);
    await remove(a);
    expect(await complaintsAbout(folder)).toEqual([]);
  });
});

describe('what happened to others while machines ran', () => {
  it('v86 #932: a memory of an unknown version is refused, and the disks are what they were', async () => {
    const built = await buildMain();
    const core = await testCore(built.folder, join(folder, 'data'));
    try {
      const id = await createMachine(core, fakeSpec('Versions'));
      const machine = core.machines.get(id).folder;
      await core.handlers['machine.start']({ id });
      await jobEnd(core, await core.handlers['snapshot.take']({ id, memory: true }));
      await jobEnd(core, await core.handlers['machine.save']({ id }));
      const [taken] = (await core.handlers['snapshot.list']({ id })).snapshots;
      const before = await look(machine);
      for (const file of [`snapshots/${taken?.id ?? ''}/memory.viv`, 'saved/state.viv']) {
        const memory = await readFile(join(machine, file));
        memory.writeUInt32LE(99, 8);
        await writeFile(join(machine, file), memory);
      }
      const restoring = core.handlers['snapshot.restore']({ id, snapshot: taken?.id ?? '' });
      expect(await failureCode(restoring)).toMatch(/^saved-state\./);
      expect(await failureCode(core.handlers['machine.start']({ id }))).toMatch(/^saved-state\./);
      expect(core.machines.get(id).state).toBe('saved');
      expect(await look(machine)).toEqual(before);
      await core.handlers['machine.discardSavedState']({ id });
      expect((await core.handlers['machine.start']({ id })).state).toBe('running');
    } finally {
      await core.shutdown('power-off');
      await built.remove();
    }
  });

  it('UTM #4166, Lima #4929, UTM #7669: held and stale locks, and quitting in the middle', async () => {
    const built = await buildMain();
    let core = await testCore(built.folder, join(folder, 'data'));
    try {
      const id = await createMachine(core, fakeSpec('Peers'));
      const machine = core.machines.get(id).folder;
      // Another process has the machine: neither snapshots nor a start touch it.
      const lock = await lockFile(join(machine, 'lock'));
      const refused = await jobEnd(core, await core.handlers['snapshot.take']({ id, memory: false }));
      expect(refused.error?.code).toBe('machine.locked');
      expect(await failureCode(core.handlers['machine.start']({ id }))).toBe('machine.locked');
      await lock?.release();
      // A lock that somebody who is gone has left does not.
      await writeFile(join(machine, 'lock'), '{"pid":999999,"bootId":"another"}\n');
      await jobEnd(core, await core.handlers['snapshot.take']({ id, memory: false }));
      await core.handlers['machine.start']({ id });
      // Quitting while the memory is written.
      const taking = await core.handlers['snapshot.take']({ id, memory: true, name: 'Last' });
      const [job] = await Promise.all([jobEnd(core, taking), core.shutdown('save')]);
      core = await testCore(built.folder, join(folder, 'data'));
      expect(core.machines.get(id).state).toBe('saved');
      expect(await complaintsAbout(machine)).toEqual([]);
      const { snapshots } = await core.handlers['snapshot.list']({ id });
      const last = snapshots.find(({ name }) => name === 'Last');
      if (job.state === 'done') expect(last?.memory).toBe(true);
      expect((await core.handlers['machine.start']({ id })).state).toBe('running');
      await core.handlers['machine.powerOff']({ id });
    } finally {
      await core.shutdown('power-off');
      await built.remove();
    }
  });
});
