import { mkdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiskComplaints, LibraryImage } from '@shared/disk/library';
import type { Job } from '@shared/ipc/contract';
import type { Core } from '../../src/main/core';
import { openDisk } from '../../src/main/disks/open-disk';
import { createQcow2 } from '../../src/main/disks/qcow2/create';
import { writeConfig } from '../../src/main/machines/folder';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  jobEnd,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { hasQemuImg, qemuImg } from '../helpers/qemu-img';
import { complaintsAbout, contentsOf } from '../helpers/snapshots';

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

const ended = async (started: Promise<{ jobId: string }> | { jobId: string }): Promise<Job> =>
  jobEnd(core, await started);
const done = async (started: Promise<{ jobId: string }> | { jobId: string }): Promise<Job> => {
  const job = await ended(started);
  expect(job.error).toBeNull();
  expect(job.state).toBe('done');
  return job;
};
const folderOf = (id: string): string => core.machines.get(id).folder;
const image = 'disks/disk0.qcow2';
const list = () => core.handlers['disks.list']({});
const found = async (path: string): Promise<LibraryImage | undefined> =>
  (await list()).find((one) => one.path === path);
async function fill(path: string, megabytes: number, byte: number): Promise<void> {
  const disk = await openDisk(path, { readOnly: false });
  for (let offset = 0; offset < megabytes; offset++) {
    await disk.write(offset * 2 ** 20, new Uint8Array(2 ** 20).fill(byte));
  }
  await disk.close();
}

/** Damages an image in ways that neither its size nor its time shows. */
async function rotten(id: string, path: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  const complainedOf = async (contents: boolean): Promise<string[]> => {
    const { result } = await done(core.handlers['disks.verify']({ contents }));
    const about = (result as DiskComplaints[]).find(({ machine }) => machine === id);
    return about?.complaints.map((one) => one.path).filter((one) => one === image) ?? [];
  };
  expect(await complainedOf(true)).toEqual([]);
  const bytes = await readFile(path);
  bytes[bytes.lastIndexOf(1)] = 2;
  await writeFile(path, bytes);
  await utimes(path, atime, mtime);
  expect(await complainedOf(false)).toEqual([]);
  expect(await complainedOf(true)).toEqual([image]);
  // Tables are looked at whenever everything is checked.
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setBigUint64(Number(view.getBigUint64(40)), (1n << 63n) | 0x7fff0000n);
  await writeFile(path, bytes);
  await utimes(path, atime, mtime);
  expect(await complainedOf(false)).toEqual([image]);
}

describe('the list of images', () => {
  it('says of every file what it is, who uses it and how it is', async () => {
    const id = await createMachine(core, fakeSpec('Listed'));
    const folder = folderOf(id);
    await fill(join(folder, image), 2, 1);
    await done(core.handlers['snapshot.take']({ id, memory: false, name: 'One' }));
    const iso = join(dataFolder, 'media', 'system.iso');
    await writeFile(iso, new Uint8Array(40_000).fill(7));
    await core.handlers['machine.configure']({ id, settings: {} });
    await writeFile(join(folder, 'disks', 'stray.img'), new Uint8Array(5000));
    const present = core.machines.get(id).config?.disks[0]?.path ?? '';
    expect(await found(join(folder, image))).toMatchObject({
      kind: 'disk',
      machine: id,
      format: 'qcow2',
      virtualSize: 8 * 2 ** 20,
      chain: [],
      usedBy: [{ by: 'snapshot', machine: id, name: 'One' }],
      health: 'ok',
      inUse: false,
    });
    expect(await found(join(folder, present))).toMatchObject({
      chain: [join(folder, image)],
      usedBy: [{ by: 'machine', machine: id, disk: 'disk0' }],
    });
    expect(await found(join(folder, 'disks', 'stray.img'))).toMatchObject({ health: 'orphan', usedBy: [] });
    expect(await found(iso)).toMatchObject({ kind: 'medium', format: 'iso', usedBy: [], health: 'ok' });
    await core.handlers['machine.start']({ id });
    expect(await found(join(folder, present))).toMatchObject({ inUse: true });
    await core.handlers['machine.powerOff']({ id });
    // What is missing, damaged or changed is said of the image, and hides nothing else.
    const bytes = await readFile(join(folder, image));
    await rotten(id, join(folder, image));
    await writeFile(join(folder, image), bytes);
    await writeFile(join(folder, image), Buffer.concat([bytes, Buffer.alloc(4096)]));
    expect(await found(join(folder, image))).toMatchObject({ health: 'changed' });
    const checked = await done(core.handlers['disks.verify']({}));
    const about = (checked.result as DiskComplaints[]).find(({ machine }) => machine === id);
    expect(about?.complaints.map(({ path }) => path).sort()).toEqual([image, 'disks/stray.img']);
    await writeFile(join(folder, image), 'no image');
    expect(await found(join(folder, present))).toMatchObject({ health: 'broken' });
    await rm(join(folder, image));
    expect(await found(join(folder, image))).toMatchObject({
      health: 'broken',
      problem: { code: 'file.not-found' },
    });
  });
});

describe('what is done with images', () => {
  it('compacting gives the space of zeros back, and nothing else changes', async () => {
    const id = await createMachine(core, fakeSpec('Compacted', { disk: { kind: 'new', sizeMiB: 64 } }));
    const path = join(folderOf(id), image);
    await fill(path, 40, 5);
    await fill(path, 38, 0);
    const before = await contentsOf(path);
    const { result } = await done(core.handlers['disks.compact']({ id, image }));
    expect(result).toMatchObject({
      before: expect.any(Number) as number,
      after: expect.any(Number) as number,
    });
    expect((await stat(path)).size).toBeLessThan(4 * 2 ** 20);
    expect(Buffer.compare(await contentsOf(path), before)).toBe(0);
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
    await core.handlers['machine.start']({ id });
    expect((await ended(core.handlers['disks.compact']({ id, image }))).error?.code).toBe(
      'machine.wrong-state',
    );
    await core.handlers['machine.powerOff']({ id });
  });

  it('checking finds damage, and repairing mends it without a byte changed', async () => {
    const id = await createMachine(core, fakeSpec('Repaired'));
    const path = join(folderOf(id), image);
    await fill(path, 4, 9);
    expect((await done(core.handlers['disks.check']({ id, image }))).result).toMatchObject({ errorCount: 0 });
    const before = await contentsOf(path);
    const bytes = await readFile(path);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    view.setUint32(Number(view.getBigUint64(Number(view.getBigUint64(48)))), 0);
    await writeFile(path, bytes);
    expect((await done(core.handlers['disks.check']({ id, image }))).result).toMatchObject({
      errors: [
        expect.stringMatching(/counted 0 times/),
        expect.stringMatching(/counted 0 times/),
      ] as string[],
    });
    await done(core.handlers['disks.repair']({ id, image }));
    expect((await done(core.handlers['disks.check']({ id, image }))).result).toMatchObject({ errorCount: 0 });
    expect(Buffer.compare(await contentsOf(path), before)).toBe(0);
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
    // Where data is lost, nothing is pretended: the image is left as it is.
    const l1 = Number(new DataView((await readFile(path)).buffer).getBigUint64(40));
    const broken = await readFile(path);
    new DataView(broken.buffer, broken.byteOffset).setBigUint64(l1, (1n << 63n) | 0x7fff0000n);
    await writeFile(path, broken);
    const failed = await ended(core.handlers['disks.repair']({ id, image }));
    expect(failed.error?.message).toMatch(/cannot be repaired without loss/);
    expect(Buffer.compare(await readFile(path), broken)).toBe(0);
  });

  it('growing is for machines that are off', async () => {
    const id = await createMachine(core, fakeSpec('Grown'));
    const path = join(folderOf(id), image);
    await fill(path, 8, 3);
    await core.handlers['disks.resize']({ id, image, bytes: 32 * 2 ** 20 });
    const contents = await contentsOf(path);
    expect(contents.length).toBe(32 * 2 ** 20);
    expect(contents.subarray(0, 8 * 2 ** 20).every((byte) => byte === 3)).toBe(true);
    expect(contents.subarray(8 * 2 ** 20).every((byte) => byte === 0)).toBe(true);
    expect(await failureCode(core.handlers['disks.resize']({ id, image, bytes: 2 ** 20 }))).toBe(
      'input.invalid',
    );
    await core.handlers['machine.start']({ id });
    expect(await failureCode(core.handlers['disks.resize']({ id, image, bytes: 2 ** 26 }))).toBe(
      'machine.wrong-state',
    );
    await core.handlers['machine.powerOff']({ id });
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
  });

  it('shrinking cuts off zeros that no partition reaches, and refuses everything else', async () => {
    const id = await createMachine(core, fakeSpec('Shrunk'));
    const path = join(folderOf(id), image);
    const half = { id, image, bytes: 4 * 2 ** 20, shrink: true };
    const refused = async (why: RegExp): Promise<void> => {
      const before = await readFile(path);
      await expect(core.handlers['disks.resize'](half)).rejects.toMatchObject({
        code: 'input.invalid',
        message: expect.stringMatching(why) as string,
        hint: expect.stringMatching(/./) as string,
      });
      expect(Buffer.compare(await readFile(path), before)).toBe(0);
    };
    // One partition from sector 2048 on, up to the middle of the disk.
    const table = new Uint8Array(512);
    new DataView(table.buffer).setUint32(454, 2048, true);
    new DataView(table.buffer).setUint32(458, 8192 - 2048, true);
    table.set([0x83], 450);
    table.set([0x55, 0xaa], 510);
    await fill(path, 8, 3);
    await refused(/data beyond the new end/);
    await fill(path, 8, 0);
    const write = async (at: number, data: Uint8Array): Promise<void> => {
      const disk = await openDisk(path, { readOnly: false });
      await disk.write(at, data);
      await disk.close();
    };
    await write(4 * 2 ** 20 - 3, Uint8Array.of(7, 8, 9));
    await refused(/no partition table/);
    await write(0, table);
    await core.handlers['machine.start']({ id });
    expect(await failureCode(core.handlers['disks.resize'](half))).toBe('machine.wrong-state');
    await core.handlers['machine.powerOff']({ id });
    expect(await failureCode(core.handlers['disks.resize']({ ...half, shrink: false }))).toBe(
      'input.invalid',
    );
    await done(core.handlers['snapshot.take']({ id, memory: false, name: 'One' }));
    const present = core.machines.get(id).config?.disks[0]?.path ?? '';
    await expect(core.handlers['disks.resize']({ ...half, image: present })).rejects.toThrow(/has snapshots/);
    const [snapshot] = (await core.handlers['snapshot.list']({ id })).snapshots;
    await done(core.handlers['snapshot.delete']({ id, snapshots: [snapshot?.id ?? ''] }));
    const left = core.machines.get(id).config?.disks[0]?.path ?? '';
    const before = await contentsOf(join(folderOf(id), left));
    await core.handlers['disks.resize']({ ...half, image: left });
    const after = await contentsOf(join(folderOf(id), left));
    expect(after.length).toBe(half.bytes);
    expect(Buffer.compare(after, before.subarray(0, half.bytes))).toBe(0);
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
  });

  it('copying writes what a guest sees, of the whole chain, and refuses to overwrite', async () => {
    const id = await createMachine(core, fakeSpec('Exported'));
    await fill(join(folderOf(id), image), 3, 1);
    await done(core.handlers['snapshot.take']({ id, memory: false }));
    const present = core.machines.get(id).config?.disks[0]?.path ?? '';
    const source = join(folderOf(id), present);
    await fill(source, 1, 2);
    const expected = await contentsOf(source);
    for (const format of ['raw', 'qcow2'] as const) {
      const target = join(dataFolder, `copy.${format === 'raw' ? 'img' : 'qcow2'}`);
      await done(core.handlers['disks.export']({ source, target, format }));
      expect(Buffer.compare(await contentsOf(target), expected)).toBe(0);
      const again = await ended(core.handlers['disks.export']({ source, target, format }));
      expect(again.error?.code).toBe('file.exists');
      expect(Buffer.compare(await contentsOf(target), expected)).toBe(0);
    }
    expect(
      await failureCode(
        core.handlers['disks.export']({ source, target: join(dataFolder, 'x.img'), format: 'qcow2' }),
      ),
    ).toBe('input.invalid');
  });

  it.runIf(hasQemuImg)('images of other programs become images that machines can use', async () => {
    const raw = join(dataFolder, 'foreign.img');
    const contents = new Uint8Array(3 * 2 ** 20).map((_, index) => (index >> 12) % 256);
    await writeFile(raw, contents);
    for (const format of ['vmdk', 'vdi', 'vhdx']) {
      const source = join(dataFolder, `foreign.${format}`);
      await qemuImg('convert', '-f', 'raw', '-O', format, raw, source);
      const target = join(dataFolder, `from-${format}.qcow2`);
      await done(core.handlers['disks.export']({ source, target, format: 'qcow2' }));
      const made = await contentsOf(target);
      expect(Buffer.compare(made.subarray(0, contents.length), contents)).toBe(0);
      expect(made.subarray(contents.length).every((byte) => byte === 0)).toBe(true);
    }
    // One that names another file of this computer must not draw that into a guest.
    const secret = join(dataFolder, 'secret');
    await writeFile(secret, new Uint8Array(65536).fill(1));
    const evil = join(dataFolder, 'media', 'evil.vmdk');
    await writeFile(
      evil,
      `# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="monolithicFlat"\n\nRW 128 FLAT "${secret}" 0\n\nddb.adapterType = "ide"\n`,
    );
    const target = join(dataFolder, 'evil.qcow2');
    const refused = await ended(core.handlers['disks.export']({ source: evil, target, format: 'qcow2' }));
    expect(refused.error?.code).toBe('disk.unsupported');
    expect(await failureCode(stat(target))).toMatch(/ENOENT/);
  });

  it('a raw image of a machine becomes a qcow2 image', async () => {
    const id = await createMachine(core, fakeSpec('Raw'));
    const folder = folderOf(id);
    const { config } = core.machines.get(id);
    if (!config) throw new Error('no configuration');
    await writeFile(join(folder, 'disks', 'disk0.img'), new Uint8Array(8 * 2 ** 20).fill(4, 1000, 900_000));
    await rm(join(folder, image));
    const disks = config.disks.map((disk) => ({ ...disk, path: 'disks/disk0.img' }));
    await writeConfig(folder, { ...config, disks });
    await core.machines.rescan();
    const before = await readFile(join(folder, 'disks', 'disk0.img'));
    // While another image goes on from it, it stays.
    const above = join(folder, 'disks', 'above.qcow2');
    const backing = { backingFile: 'disk0.img', backingFormat: 'raw' } as const;
    await createQcow2(above, { virtualSize: 8 * 2 ** 20, ...backing });
    const refused = await ended(core.handlers['disks.toQcow2']({ id, image: 'disks/disk0.img' }));
    expect(refused.error?.code).toBe('input.invalid');
    await rm(above);
    await done(core.handlers['disks.toQcow2']({ id, image: 'disks/disk0.img' }));
    const path = core.machines.get(id).config?.disks[0]?.path ?? '';
    expect(path).toMatch(/qcow2$/);
    expect(Buffer.compare(await contentsOf(join(folder, path)), before)).toBe(0);
    expect(await complaintsAbout(folder)).toEqual([]);
  });

  it('moving takes drives along; what a machine’s folder needs stays', async () => {
    const id = await createMachine(core, fakeSpec('With a CD'));
    const iso = join(dataFolder, 'media', 'moved.iso');
    await writeFile(iso, new Uint8Array(70_000).fill(8));
    await core.handlers['machine.insertMedium']({ id, drive: 'cd0', path: iso });
    const elsewhere = join(dataFolder, 'elsewhere');
    await mkdir(elsewhere);
    await done(core.handlers['disks.move']({ path: iso, folder: elsewhere }));
    expect(core.machines.get(id).config?.drives[0]?.path).toBe(join(elsewhere, 'moved.iso'));
    expect((await readFile(join(elsewhere, 'moved.iso'))).length).toBe(70_000);
    expect(await failureCode(stat(iso))).toMatch(/ENOENT/);
    const disk = join(folderOf(id), image);
    expect(await failureCode(core.handlers['disks.move']({ path: disk, folder: elsewhere }))).toBe(
      'input.invalid',
    );
    expect(await failureCode(core.handlers['disks.move']({ path: '/etc/passwd', folder: elsewhere }))).toBe(
      'input.invalid',
    );
  });

  it('only what nobody needs is removed, and only when a person says so', async () => {
    const id = await createMachine(core, fakeSpec('Orphans'));
    const stray = join(folderOf(id), 'disks', 'stray.qcow2');
    await writeFile(stray, new Uint8Array(5000));
    await core.machines.rescan();
    expect((await found(stray))?.health).toBe('orphan');
    const disk = join(folderOf(id), image);
    for (const path of [disk, '/etc/passwd', join(folderOf(id), 'machine.json')]) {
      expect(await failureCode(core.handlers['disks.remove']({ path, how: 'erase' }))).toBe('input.invalid');
    }
    expect(await failureCode(core.handlers['disks.remove']({ path: stray, how: 'trash' }))).toBe(
      'host.unavailable',
    );
    await core.handlers['disks.remove']({ path: stray, how: 'erase' });
    expect(await found(stray)).toBeUndefined();
    expect(await complaintsAbout(folderOf(id))).toEqual([]);
  });

  it('what may belong to a snapshot or an image that cannot be read is not taken for an orphan', async () => {
    const id = await createMachine(core, fakeSpec('Doubtful'));
    const folder = folderOf(id);
    const take = async (): Promise<string> => {
      const { result } = await done(core.handlers['snapshot.take']({ id, memory: false }));
      return (result as { snapshot: string }).snapshot;
    };
    const presentImage = (): string => core.machines.get(id).config?.disks[0]?.path ?? '';
    const first = await take();
    const path = join(folder, presentImage());
    await fill(path, 1, 6);
    const second = await take();
    await done(core.handlers['snapshot.restore']({ id, snapshot: first }));
    expect(await found(path)).toMatchObject({ usedBy: [{ by: 'snapshot', snapshot: second }] });
    const mayNotGo = async (): Promise<void> => {
      expect(await found(path)).toMatchObject({ usedBy: [{ by: 'unknown', machine: id }] });
      expect((await found(path))?.health).not.toBe('orphan');
      expect(await failureCode(core.handlers['disks.remove']({ path, how: 'erase' }))).toBe('input.invalid');
    };
    const record = join(folder, 'snapshots', second, 'snapshot.json');
    const text = await readFile(record);
    await writeFile(record, '{');
    await mayNotGo();
    const checked = await done(core.handlers['disks.verify']({}));
    const about = (checked.result as DiskComplaints[]).find(({ machine }) => machine === id);
    expect(about?.complaints.map((one) => one.path)).toEqual([`snapshots/${second}/snapshot.json`]);
    await writeFile(record, text);
    // The present image goes on from it, but nobody can see that any more.
    await done(core.handlers['snapshot.restore']({ id, snapshot: second }));
    await done(core.handlers['snapshot.delete']({ id, snapshots: [second] }));
    const above = join(folder, presentImage());
    await writeFile(path, await readFile(join(folder, image)));
    await writeFile(above, 'no image');
    await mayNotGo();
  });
});

describe('a folder that came from a stranger', () => {
  it('does not draw other files of this computer into clones, copies and new images', async () => {
    const secret = join(dataFolder, 'secret.qcow2');
    await createQcow2(secret, { virtualSize: 8 * 2 ** 20 });
    await fill(secret, 1, 42);
    const id = await createMachine(core, fakeSpec('Stranger'));
    const path = join(folderOf(id), image);
    const clone = (): Promise<Job> =>
      ended(
        core.handlers['clone.create']({
          id,
          name: 'Not to be',
          snapshot: null,
          kind: 'full',
          snapshots: false,
          keepAddresses: false,
        }),
      );
    const refused = async (): Promise<void> => {
      const target = join(dataFolder, 'drawn.img');
      const outcomes = [
        await clone().then(({ error }) => error?.code ?? 'cloned'),
        await ended(core.handlers['disks.compact']({ id, image })).then(({ error }) => error?.code ?? 'done'),
        await failureCode(core.handlers['disks.export']({ source: path, target, format: 'raw' })),
      ];
      for (const code of outcomes) expect(code).toMatch(/^(machine\.config-invalid|disk\.unsupported)$/);
      expect(await failureCode(stat(target))).toMatch(/ENOENT/);
    };
    await rm(path);
    await symlink(secret, path);
    await refused();
    await rm(path);
    await createQcow2(path, { virtualSize: 8 * 2 ** 20, backingFile: secret, backingFormat: 'qcow2' });
    await refused();
  });
});
