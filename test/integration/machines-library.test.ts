import { cp, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Core } from '../../src/main/core';
import { resolveLaunchPaths } from '../../src/main/machines/launch-paths';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  nextEvent,
  temporaryFolder,
  testCore,
} from '../helpers/core';

let built: BuiltMain;
let dataFolder: string;
let machines: string;
let core: Core;

beforeAll(async () => {
  built = await buildMain();
});
afterAll(() => built?.remove());
beforeEach(async () => {
  dataFolder = await temporaryFolder();
  machines = join(dataFolder, 'machines');
  core = await testCore(built.folder, dataFolder);
});
afterEach(async () => {
  await core?.shutdown('power-off');
  await rm(dataFolder, { recursive: true, force: true });
});

/** The program ends and is started again. */
async function restart(): Promise<void> {
  await core.shutdown('power-off');
  core = await testCore(built.folder, dataFolder);
}

const read = async (path: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;

describe('names', () => {
  it.each(['a/b\\c:d', '🌱🌱', 'Ünïcödé 机器', '...', 'CON', '-rf'])('accepts %j', async (name) => {
    const id = await createMachine(core, fakeSpec(name));
    const { folder, name: kept } = core.machines.get(id);
    expect(kept).toBe(name);
    expect(folder.slice(machines.length)).toMatch(/^\/[a-z0-9-]+$/);
    await restart();
    expect(core.machines.get(id).name).toBe(name);
  });

  it.each(['', '   ', 'x'.repeat(65), 'x'.repeat(300), 'a\nb', 'a\u202eb', '\0'])(
    'refuses %j',
    async (name) => {
      expect(await failureCode(core.machines.create(fakeSpec(name)))).toBe('input.invalid');
      expect(await readdir(machines)).toEqual([]);
    },
  );

  it('refuses a second machine of a name, also while the first is being made', async () => {
    const first = core.machines.create(fakeSpec('Same'));
    const second = core.machines.create(fakeSpec('  same '));
    expect([await failureCode(first), await failureCode(second)].sort()).toEqual([
      'input.invalid',
      'no failure',
    ]);
    const id = await createMachine(core, fakeSpec('Other'));
    expect(await failureCode(core.machines.rename(id, 'SAME'))).toBe('input.invalid');
    expect((await core.machines.rename(id, 'other')).name).toBe('other');
  });
});

describe('creating', () => {
  it('refuses what cannot be before anything is made', async () => {
    const refused = async (changes: Parameters<typeof fakeSpec>[1]): Promise<string> =>
      failureCode(core.machines.create(fakeSpec('X', changes)));
    expect(await refused({ architecture: 'x86_64' })).toBe('engine.unsupported');
    expect(await refused({ memoryMiB: 4096 })).toBe('engine.unsupported');
    expect(await refused({ cpus: 2 })).toBe('engine.unsupported');
    expect(await refused({ firmware: 'uefi' })).toBe('engine.unsupported');
    expect(await refused({ nicModel: 'e1000' })).toBe('engine.unsupported');
    expect(core.jobs.list()).toEqual([]);
    // Without `development` there is no such engine.
    await core.shutdown('power-off');
    core = await testCore(built.folder, dataFolder, { development: false });
    expect(await refused({})).toBe('engine.not-found');
    expect(core.jobs.list()).toEqual([]);
  });

  it.each([
    ['a missing CD', { cdrom: '/nowhere.iso' }, 'file.not-found'],
    ['a relative path', { cdrom: 'here.iso' }, 'input.invalid'],
    ['a folder as a disk', { disk: { kind: 'copy', path: '/tmp' } }, 'file.not-a-file'],
    ['a folder as a floppy', { floppy: '/tmp' }, 'file.not-a-file'],
    ['nothing in the file', { floppy: 'EMPTY' }, 'medium.empty'],
  ] as const)('leaves nothing of a machine that fails: %s', async (_what, changes, code) => {
    const empty = join(dataFolder, 'empty.img');
    await writeFile(empty, '');
    const spec = fakeSpec('Fails', changes);
    const { jobId } = await core.machines.create({
      ...spec,
      floppy: spec.floppy === 'EMPTY' ? empty : spec.floppy,
    });
    expect(await core.jobs.ended(jobId)).toMatchObject({ state: 'failed', error: { code } });
    expect(await readdir(machines)).toEqual([]);
    // The name is free again.
    await createMachine(core, fakeSpec('Fails'));
  });

  it('copies an existing image, which stays as it is', async () => {
    const source = join(dataFolder, 'source.img');
    const bytes = Buffer.alloc(3 * 1024 * 1024, 7);
    await writeFile(source, bytes);
    const id = await createMachine(core, fakeSpec('Copy', { disk: { kind: 'copy', path: source } }));
    const disk = await readFile(join(core.machines.get(id).folder, 'disks', 'disk0.qcow2'));
    expect(disk.subarray(0, 4).toString('latin1')).toBe('QFI\xfb');
    expect((await readFile(source)).equals(bytes)).toBe(true);
  });

  it('leaves nothing when a copy is cancelled', async () => {
    const source = join(dataFolder, 'big.img');
    await writeFile(source, Buffer.alloc(64 * 1024 * 1024, 3));
    const { jobId } = await core.machines.create(
      fakeSpec('Cancelled', { disk: { kind: 'copy', path: source } }),
    );
    await nextEvent(core, (event) =>
      event.name === 'job.changed' && event.value.done > 0 ? true : undefined,
    );
    core.jobs.cancel(jobId);
    expect((await core.jobs.ended(jobId)).state).toBe('cancelled');
    expect(await readdir(machines)).toEqual([]);
    expect(core.machines.list()).toEqual([]);
  });

  it('removes at the next start what a killed program left', async () => {
    await mkdir(join(machines, '.creating-abcdefgh', 'disks'), { recursive: true });
    await restart();
    expect(await readdir(machines)).toEqual([]);
  });
});

describe('folders that are not as they should be', () => {
  it('hides nothing else, says what is wrong, and takes them back when they are right again', async () => {
    const [good, bad] = [
      await createMachine(core, fakeSpec('Good')),
      await createMachine(core, fakeSpec('Bad')),
    ];
    const { folder } = core.machines.get(bad);
    const file = join(folder, 'machine.json');
    const text = await readFile(file, 'utf8');
    for (const [broken, code] of [
      [text.replace('"memoryMiB": 64', '"memoryMiB": "lots"'), 'machine.config-invalid'],
      [text.replace('"schema": 1', '"schema": 2'), 'machine.config-newer'],
      ['[]', 'machine.config-invalid'],
    ] as const) {
      await writeFile(file, broken);
      await restart();
      const summaries = core.machines.list();
      expect(summaries.find(({ id }) => id === good)?.inaccessible).toBe(false);
      const broke = summaries.find(({ id }) => id !== good);
      expect(broke).toMatchObject({ inaccessible: true, config: null, problem: { code } });
      expect(await failureCode(core.handlers['machine.start']({ id: broke?.id ?? '' }))).toBe(
        'machine.inaccessible',
      );
      expect(await failureCode(core.machines.delete(broke?.id ?? '', 'erase'))).toBe('machine.inaccessible');
      // Nothing has been touched.
      expect(await readFile(file, 'utf8')).toBe(broken);
    }
    await writeFile(file, text);
    await core.machines.rescan();
    expect(core.machines.get(bad)).toMatchObject({ inaccessible: false, problem: null, name: 'Bad' });
    expect(core.machines.list()).toHaveLength(2);
  });

  it('takes the last good copy of a torn configuration', async () => {
    const id = await createMachine(core, fakeSpec('Torn'));
    await core.machines.configure(id, { memoryMiB: 77 });
    const file = join(core.machines.get(id).folder, 'machine.json');
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 100));
    await restart();
    expect(core.machines.get(id)).toMatchObject({ inaccessible: false, name: 'Torn' });
    expect(core.machines.get(id).config?.memoryMiB).toBe(77);
    await core.machines.rename(id, 'Mended');
    expect((await read(file))['name']).toBe('Mended');
  });

  it('keeps fields that it does not know', async () => {
    const id = await createMachine(core, fakeSpec('Fields'));
    const file = join(core.machines.get(id).folder, 'machine.json');
    const config = await read(file);
    await writeFile(
      file,
      JSON.stringify({ ...config, colour: 'green', nics: [{ ...(config['nics'] as object[])[0], x: 1 }] }),
    );
    await core.machines.configure(id, { notes: 'a note' });
    expect(await read(file)).toMatchObject({ colour: 'green', notes: 'a note', nics: [{ x: 1 }] });
  });

  it('takes what somebody wrote into the file since it was read', async () => {
    const id = await createMachine(core, fakeSpec('Edited'));
    const file = join(core.machines.get(id).folder, 'machine.json');
    await writeFile(file, JSON.stringify({ ...(await read(file)), memoryMiB: 99 }));
    await core.machines.rename(id, 'Renamed');
    expect(await read(file)).toMatchObject({ memoryMiB: 99, name: 'Renamed' });
  });

  it('does not open a disk outside of the folder', async () => {
    const id = await createMachine(core, fakeSpec('Link'));
    const { folder, config } = core.machines.get(id);
    const disk = join(folder, 'disks', 'disk0.qcow2');
    await rename(disk, join(dataFolder, 'outside.qcow2'));
    await symlink(join(dataFolder, 'outside.qcow2'), disk);
    if (!config) throw new Error('no configuration');
    expect(await failureCode(resolveLaunchPaths(folder, config, '', null))).toBe('machine.config-invalid');
    expect(await failureCode(core.handlers['machine.start']({ id }))).toBe('machine.config-invalid');
  });
});

describe('the list', () => {
  it('makes a copied folder a machine of its own', async () => {
    const id = await createMachine(core, fakeSpec('Original'));
    await cp(core.machines.get(id).folder, join(machines, 'a-copy'), { recursive: true });
    await core.machines.rescan();
    const list = core.machines.list();
    expect(list.map(({ name }) => name).sort()).toEqual(['Original', 'Original 2']);
    expect(core.machines.get(id).folder).not.toContain('a-copy');
    const copy = list.find((machine) => machine.id !== id);
    await restart();
    expect(core.machines.get(copy?.id ?? '')).toMatchObject({ name: 'Original 2', inaccessible: false });
    expect((await core.handlers['machine.start']({ id: copy?.id ?? '' })).state).toBe('running');
  });

  it('opens a machine where it is, remembers it, and waits for it when it is away', async () => {
    const id = await createMachine(core, fakeSpec('Elsewhere'));
    const outside = join(dataFolder, 'usb-stick');
    await rename(core.machines.get(id).folder, outside);
    await core.machines.rescan();
    expect(core.machines.list()).toEqual([]);
    expect((await core.machines.open(join(outside, 'machine.json'))).id).toBe(id);
    expect((await core.machines.open(outside)).id).toBe(id);
    await restart();
    expect(core.machines.get(id)).toMatchObject({ folder: outside, inaccessible: false });

    await rename(outside, `${outside}-away`);
    await restart();
    expect(core.machines.get(id)).toMatchObject({
      name: 'Elsewhere',
      inaccessible: true,
      problem: { code: 'file.not-found' },
    });
    await rename(`${outside}-away`, outside);
    await core.machines.rescan();
    expect(core.machines.get(id).inaccessible).toBe(false);
    await core.machines.delete(id, 'forget');
    await stat(join(outside, 'machine.json'));
    await restart();
    expect(core.machines.list()).toEqual([]);
  });

  it.each(['/nowhere', '/tmp', 'relative'])('does not open %s', async (path) => {
    expect(await failureCode(core.machines.open(path))).toMatch(/^(file\.not-found|input\.invalid)$/);
  });

  it('forgets a machine inside without touching it, and can be told of it again', async () => {
    const id = await createMachine(core, fakeSpec('Forgotten'));
    const { folder } = core.machines.get(id);
    await core.machines.delete(id, 'forget');
    await restart();
    expect(core.machines.list()).toEqual([]);
    expect((await core.machines.open(folder)).id).toBe(id);
    await restart();
    expect(core.machines.get(id).name).toBe('Forgotten');
  });
});

describe('deleting', () => {
  it('erases only what machines put into their folders, and follows no link', async () => {
    const id = await createMachine(core, fakeSpec('Erased'));
    const { folder } = core.machines.get(id);
    const precious = join(dataFolder, 'precious');
    await mkdir(precious);
    await writeFile(join(precious, 'photo.jpg'), 'photo');
    await symlink(precious, join(folder, 'screenshots'));
    await writeFile(join(folder, 'my-notes.txt'), 'notes');
    await core.machines.delete(id, 'erase');
    expect(await readdir(folder)).toEqual(['my-notes.txt']);
    expect(await readdir(precious)).toEqual(['photo.jpg']);
    expect(core.machines.list()).toEqual([]);
  });

  it('never deletes a folder that is not the machine’s any more', async () => {
    const [a, b] = [await createMachine(core, fakeSpec('A')), await createMachine(core, fakeSpec('B'))];
    const { folder } = core.machines.get(a);
    await rm(folder, { recursive: true });
    await cp(core.machines.get(b).folder, folder, { recursive: true });
    expect(await failureCode(core.machines.delete(a, 'erase'))).toBe('machine.inaccessible');
    await rm(folder, { recursive: true });
    await symlink(core.machines.get(b).folder, folder);
    expect(await failureCode(core.machines.delete(a, 'erase'))).toBe('machine.inaccessible');
    await stat(join(core.machines.get(b).folder, 'machine.json'));
  });

  it('moves to the trash where there is one', async () => {
    expect(await failureCode(core.machines.delete(await createMachine(core, fakeSpec('X')), 'trash'))).toBe(
      'host.unavailable',
    );
    await core.shutdown('power-off');
    const trashed: string[] = [];
    core = await testCore(built.folder, dataFolder, {
      shell: {
        kind: 'electron',
        async moveToTrash(path) {
          if (trashed.length > 0) throw new Error('the trash is full');
          trashed.push(path);
          await rm(path, { recursive: true });
        },
      },
    });
    const [first, second] = [core.machines.list()[0], await createMachine(core, fakeSpec('Y'))];
    await core.machines.delete(first?.id ?? '', 'trash');
    expect(trashed).toEqual([first?.folder]);
    expect(await failureCode(core.machines.delete(second, 'trash'))).toBe('file.io');
    expect(core.machines.list().map(({ id }) => id)).toEqual([second]);
  });
});
