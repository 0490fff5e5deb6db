import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, link, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '@shared/ipc/contract';
import type { Core } from '../../src/main/core';
import { settleMoves } from '../../src/main/machines/move-folder';
import { LibraryList } from '../../src/main/machines/library-file';
import { logTo } from '../../src/main/platform/log';
import { rotatingFile } from '../../src/main/platform/rotating-file';
import {
  buildMain,
  type BuiltMain,
  createMachine,
  failureCode,
  fakeSpec,
  jobEnd,
  resourcesFolder,
  temporaryFolder,
  testCore,
} from '../helpers/core';
import { sayWhySkipped } from '../helpers/programs';
import { canMount, mountSmall } from '../helpers/small-file-system';
import { complaintsAbout, fillDisks, look, type Seen } from '../helpers/snapshots';

/** Machines' folders are put elsewhere, on this drive and on another one, by programs that live and that are killed. */

const run = promisify(execFile);
/** A drive that every user of a usual Linux has beside the one of temporary files. */
const shared = '/dev/shm';
const twoDrives = existsSync(shared) && (await stat(shared)).dev !== (await stat(tmpdir())).dev;
if (!twoDrives) sayWhySkipped('Machines moved to another drive', 'there is only one drive here');
const mountable = await canMount();

let built: BuiltMain;
let dataFolder: string;
let core: Core;
let other: string | undefined;

beforeAll(async () => {
  built = await buildMain({
    'machine-process': 'src/main/processes/machine/main.ts',
    'worker-process': 'src/main/processes/worker/main.ts',
    'machine-move-victim': 'test/helpers/machine-move-victim.ts',
  });
  dataFolder = await temporaryFolder();
  core = await testCore(built.folder, dataFolder);
  if (twoDrives) other = await realpath(await mkdtemp(join(shared, 'vivarium-move-')));
});
afterAll(async () => {
  await core?.shutdown('power-off');
  await built?.remove();
  for (const folder of [dataFolder, other]) if (folder) await rm(folder, { recursive: true, force: true });
});

const folderOf = (id: string): string => core.machines.get(id).folder;
const move = async (id: string, into: string): Promise<Job> =>
  jobEnd(core, await core.handlers['machine.move']({ id, into }));
const ended = async (started: Promise<{ jobId: string }> | { jobId: string }): Promise<Job> => {
  const job = await jobEnd(core, await started);
  expect(job.error).toBeNull();
  return job;
};

/** A machine with a snapshot, changes since, a CD in its own folder, and a file of a person's beside its own. */
async function makeMachine(name: string): Promise<{ id: string; folder: string; seen: Seen }> {
  const id = await createMachine(core, fakeSpec(name));
  const folder = folderOf(id);
  await fillDisks(folder, 1, 0, 6 * 2 ** 20);
  await ended(core.handlers['snapshot.take']({ id, memory: false, name: 'One' }));
  await fillDisks(folder, 2, 100_000, 200_000);
  await writeFile(join(folder, 'disks', '..', 'notes.txt'), 'a person’s');
  return { id, folder, seen: await look(folder) };
}

async function requireWhole(id: string, folder: string, seen: Seen): Promise<void> {
  expect(core.machines.get(id)).toMatchObject({ folder, inaccessible: false, problem: null });
  expect(await look(folder)).toEqual(seen);
  expect(await complaintsAbout(folder)).toEqual([]);
}

describe('a machine that is moved', () => {
  it('on its drive is the same in another folder, and shares what it shared', async () => {
    const { id, folder, seen } = await makeMachine('Moved');
    const iso = join(folder, 'media.iso');
    await writeFile(iso, new Uint8Array(40_000).fill(3));
    const clone = {
      id,
      snapshot: seen.current ?? '',
      name: 'Linked',
      kind: 'linked',
      snapshots: false,
    } as const;
    await ended(core.handlers['clone.create']({ ...clone, keepAddresses: false }));
    const into = join(dataFolder, 'elsewhere');
    await mkdir(into);
    expect(await failureCode(core.handlers['machine.move']({ id, into: join(into, 'nowhere') }))).toBe(
      'file.not-found',
    );
    expect(await failureCode(core.handlers['machine.move']({ id, into: folder }))).toBe('input.invalid');
    expect(await failureCode(core.handlers['machine.move']({ id, into: join(folder, '..') }))).toBe(
      'input.invalid',
    );
    const to = join(into, basename(folder));
    expect((await move(id, into)).result).toEqual({ folder: to });
    await requireWhole(id, to, seen);
    expect(existsSync(folder)).toBe(false);
    expect(await core.handlers['clone.sharing']({ id })).toMatchObject([{ name: 'Linked' }]);
    await core.handlers['machine.rescan']({});
    await requireWhole(id, to, seen);
    expect(core.machines.list().filter(({ name }) => name === 'Moved')).toHaveLength(1);
    // It runs from there, and comes back.
    await core.handlers['machine.start']({ id });
    expect(await failureCode(core.handlers['machine.move']({ id, into: dataFolder }))).toBe(
      'machine.wrong-state',
    );
    await core.handlers['machine.powerOff']({ id });
    await move(id, join(dataFolder, 'machines'));
    expect(folderOf(id)).toBe(folder);
    expect(await readFile(join(folder, 'media.iso'))).toHaveLength(40_000);
  });

  it.runIf(twoDrives)('to another drive is copied, proven, and gone from the old one', async () => {
    const { id, folder, seen } = await makeMachine('Far');
    await link(join(folder, 'disks/disk0.qcow2'), join(dataFolder, 'second-name'));
    const to = join(other ?? '', basename(folder));
    await move(id, other ?? '');
    await requireWhole(id, to, seen);
    // What is not the machine's stays, and is in the new folder, too.
    expect(await readdir(folder)).toEqual(['notes.txt']);
    expect(await readFile(join(to, 'notes.txt'), 'utf8')).toBe('a person’s');
    expect((await readdir(other ?? '')).filter((name) => name.startsWith('.'))).toEqual([]);
    await rm(folder, { recursive: true });
    await move(id, join(dataFolder, 'machines'));
    await requireWhole(id, folder, seen);
    expect(await readdir(to)).toEqual(['notes.txt']);
    await rm(to, { recursive: true });
  });

  it.runIf(twoDrives)('and stopped on the way is where it was', async () => {
    const { id, folder, seen } = await makeMachine('Stopped');
    const { jobId } = await core.handlers['machine.move']({ id, into: other ?? '' });
    // It cannot be used for anything else meanwhile.
    expect(await failureCode(core.handlers['machine.start']({ id }))).toBe('machine.locked');
    core.jobs.cancel(jobId);
    expect(await core.jobs.ended(jobId)).toMatchObject({ state: 'cancelled' });
    await requireWhole(id, folder, seen);
    expect(await readdir(other ?? '')).toEqual([]);
  });

  it.runIf(mountable)('to a drive that is too full is where it was', async () => {
    const { id, folder, seen } = await makeMachine('Too big');
    const drive = join(dataFolder, 'drive');
    await mkdir(drive);
    const mounted = await mountSmall(drive, '2m');
    try {
      expect(await move(id, drive)).toMatchObject({ state: 'failed', error: { code: 'file.no-space' } });
      await requireWhole(id, folder, seen);
      expect(await readdir(drive)).toEqual([]);
    } finally {
      await mounted.unmount();
    }
  });
});

describe('a program that is killed while it moves a machine', () => {
  /** The library as the next start finds it: where the machine is. */
  async function recover(data: string): Promise<string[]> {
    const log = logTo(rotatingFile(join(data, 'recovery.log')));
    const list = await LibraryList.load(data, log);
    await settleMoves(list, log);
    await log.flush();
    expect(list.moves()).toEqual([]);
    const folders: string[] = [];
    for (const folder of await list.folders()) {
      if (existsSync(join(folder, 'machine.json'))) folders.push(folder);
    }
    return folders;
  }

  it.each(['here', ...(twoDrives ? ['on another drive'] : [])])(
    '(%s) leaves it whole in one place',
    async (where) => {
      const { id, folder, seen } = await makeMachine(`Killed ${where}`);
      const root = join(dataFolder, `killed-${where.length}`);
      const into = where === 'here' ? join(root, 'elsewhere') : join(other ?? '', 'elsewhere');
      const args = [join(built.folder, 'machine-move-victim.js'), built.folder, resourcesFolder];
      const places = new Set<string>();
      for (let at = 1, changes = Infinity; at <= changes; at += at < 4 ? 1 : stride(changes)) {
        const data = join(root, 'data');
        for (const path of [data, into]) await rm(path, { recursive: true, force: true });
        await mkdir(into, { recursive: true });
        await cp(folder, join(data, 'machines', basename(folder)), {
          recursive: true,
          preserveTimestamps: true,
        });
        if (changes === Infinity) {
          changes = Number((await run(process.execPath, [...args, data, id, into, '0'])).stdout);
          expect(changes).toBeGreaterThan(5);
          at = 0;
          continue;
        }
        await expect(run(process.execPath, [...args, data, id, into, String(at)])).rejects.toMatchObject({
          signal: 'SIGKILL',
        });
        const [place = '', ...more] = await recover(data);
        const what = `killed before change ${at} of ${changes}`;
        expect(more, what).toEqual([]);
        expect(await look(place), what).toEqual(seen);
        expect(await complaintsAbout(place, false), what).toEqual([]);
        const [from, to] = [join(data, 'machines', basename(folder)), join(into, basename(folder))];
        places.add(place === from ? 'old' : place === to ? 'new' : place);
        expect(existsSync(join(place === from ? to : from, 'machine.json')), what).toBe(false);
        expect(
          (await readdir(into)).filter((name) => name.startsWith('.')),
          what,
        ).toEqual([]);
      }
      expect(places).toEqual(new Set(['old', 'new']));
    },
  );

  it('touches nothing while the drive is missing that it was moved to', async () => {
    const { id, folder } = await makeMachine('Unplugged');
    const root = join(dataFolder, 'unplugged');
    const from = join(root, 'machines', basename(folder));
    await cp(folder, from, { recursive: true, preserveTimestamps: true });
    const move = { id, from, to: join(root, 'missing', basename(folder)), phase: 'leaving' };
    const library = join(root, 'library.json');
    await writeFile(library, JSON.stringify({ schema: 1, opened: [], hidden: [], moving: [move] }));
    const log = logTo(rotatingFile(join(root, 'recovery.log')));
    const settled = async (): Promise<LibraryList> => {
      const list = await LibraryList.load(root, log);
      await settleMoves(list, log);
      return list;
    };
    expect((await settled()).moves()).toHaveLength(1);
    expect(await complaintsAbout(from)).toEqual([]);
    // Another machine has taken the place: that is none of ours either.
    await cp(folder, move.to, { recursive: true, preserveTimestamps: true });
    const config = await readFile(join(move.to, 'machine.json'), 'utf8');
    for (const name of ['machine.json', 'machine.json.bak']) {
      await writeFile(join(move.to, name), config.replaceAll(id, 'another000000000'));
    }
    expect((await settled()).moves()).toHaveLength(1);
    expect(await complaintsAbout(from)).toEqual([]);
    for (const name of ['machine.json', 'machine.json.bak']) await writeFile(join(move.to, name), config);
    expect((await settled()).moves()).toEqual([]);
    expect(await readdir(from)).toEqual(['notes.txt']);
    expect(await complaintsAbout(move.to)).toEqual([]);
    await log.flush();
  });

  /** Every change where there is time (see `snapshots-torture.test.ts`), or a few of them. */
  function stride(changes: number): number {
    return process.env['VIVARIUM_TORTURE'] === undefined ? Math.max(1, Math.floor(changes / 6)) : 1;
  }
});
