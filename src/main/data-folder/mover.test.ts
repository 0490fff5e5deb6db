import { existsSync, readdirSync } from 'node:fs';
import { link, mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '@shared/ipc/contract';
import { JobRegistry } from '../jobs/registry';
import type { MachineService } from '../machines/service';
import { locateDataFolder, movedTo, pointerPath } from '../platform/data-location';
import { logTo } from '../platform/log';
import type { ProcessHost } from '../platform/process-host';
import { rotatingFile } from '../platform/rotating-file';
import { contentsOf, pathsOf } from './contents';
import { decidedPath, recoverMove, undecidedPath } from './journal';
import { DataMover } from './mover';

let root: string;
let base: string;
let running: unknown[] = [];
const told: string[] = [];

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'vivarium-move-')));
  base = join(root, 'old');
  running = [];
  told.length = 0;
  await fillFolder(base);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const log = () => logTo(rotatingFile(join(root, 'log')));

/** A data folder with everything that may be in one. */
async function fillFolder(folder: string): Promise<void> {
  for (const inner of [
    'machines/a/disks',
    'machines/a/snapshots/s',
    'machines/b/disks',
    'media',
    'electron/x',
  ]) {
    await mkdir(join(folder, inner), { recursive: true });
  }
  const machine = { drives: [{ path: join(folder, 'media', 'cd.iso') }] };
  await writeFile(join(folder, 'machines/a/machine.json'), JSON.stringify(machine));
  await writeFile(join(folder, 'machines/a/lock'), '');
  await writeFile(join(folder, 'machines/a/disks/0.qcow2'), Buffer.alloc(100_000, 7));
  await link(join(folder, 'machines/a/disks/0.qcow2'), join(folder, 'machines/b/disks/0.qcow2'));
  await writeFile(join(folder, 'media/cd.iso'), 'a cd');
  await symlink('cd.iso', join(folder, 'media/latest.iso'));
  await writeFile(join(folder, 'preferences.json'), '{}');
  await writeFile(join(folder, 'lock'), '');
}

function mover(folder = base, standsFor = base): { mover: DataMover; jobs: JobRegistry } {
  const jobs = new JobRegistry(() => {});
  const machines = { running: () => running, library: { all: () => [] } };
  const processHost: ProcessHost = {
    start() {
      throw new Error('No file here is large enough for a worker.');
    },
  };
  const parts = {
    base: standsFor,
    folder,
    machines: machines as unknown as MachineService,
    jobs,
    processHost,
    log: log(),
    moved: () => void told.push('moved'),
  };
  return { mover: new DataMover(parts), jobs };
}

async function moveTo(target: string, folder = base): Promise<Job> {
  const { mover: moving, jobs } = mover(folder);
  const { jobId } = await moving.start(target);
  const job = await jobs.ended(jobId);
  await new Promise((resolve) => setImmediate(resolve));
  return job;
}

async function expectWhole(folder: string): Promise<void> {
  const machine = JSON.parse(await readFile(join(folder, 'machines/a/machine.json'), 'utf8')) as {
    drives: { path: string }[];
  };
  expect(machine.drives[0]?.path).toBe(join(folder, 'media', 'cd.iso'));
  expect(await readFile(join(folder, 'media/latest.iso'), 'utf8')).toBe('a cd');
  const [one, other] = await Promise.all(
    ['a', 'b'].map((name) => stat(join(folder, `machines/${name}/disks/0.qcow2`))),
  );
  expect(one?.size).toBe(100_000);
  expect(one?.ino).toBe(other?.ino);
}

/** Where files cannot have second names of those in the temporary folder. */
const otherDrive = '/dev/shm';
const places = [
  ['on the same drive', () => Promise.resolve(join(root, 'deep', 'new'))],
  ...(existsSync(otherDrive)
    ? [['on another drive', () => mkdtemp(join(otherDrive, 'vivarium-move-'))] as const]
    : []),
] as const;

describe.each(places)('moving a data folder, %s', (_where, place) => {
  let target: string;
  beforeEach(async () => {
    target = await place();
  });
  afterEach(() => rm(target, { recursive: true, force: true }));

  it('is decided first, and the old contents go with the next start', async () => {
    const before = await stat(join(base, 'machines/a/disks/0.qcow2'));
    const job = await moveTo(target);
    expect(job).toMatchObject({ state: 'done', result: { folder: target } });
    expect(told).toEqual(['moved']);
    expect(locateDataFolder(base)).toBe(target);
    await expectWhole(target);
    await expectWhole(base);
    const after = await stat(join(target, 'machines/a/disks/0.qcow2'));
    expect(Math.abs(after.mtimeMs - before.mtimeMs)).toBeLessThan(2);

    await writeFile(join(base, 'media/came-later.iso'), 'not copied');
    await recoverMove(target, log());
    await expectWhole(target);
    expect(readdirSync(target).sort()).toEqual(['machines', 'media', 'preferences.json']);
    // What nobody copied, and what belongs to the place, stays.
    expect(readdirSync(base).sort()).toEqual(['electron', 'location.json', 'lock', 'media']);
    expect(readdirSync(join(base, 'media'))).toEqual(['came-later.iso']);
  });

  it('can be undone at any moment before, and leaves nothing there', async () => {
    // A folder that is killed in the middle has a part of the copy and the journal.
    await moveTo(target);
    await rm(pointerPath(base));
    await rm(join(target, 'machines/b'), { recursive: true });
    await recoverMove(base, log());
    await expectWhole(base);
    expect(existsSync(undecidedPath(base))).toBe(false);
    expect(existsSync(target)).toBe(false);
    expect(movedTo(base)).toBeUndefined();
  });

  it('goes back to where it came from', async () => {
    await moveTo(target);
    await recoverMove(target, log());
    const { mover: back, jobs } = mover(target);
    expect(await jobs.ended((await back.start(base)).jobId)).toMatchObject({ state: 'done' });
    expect(locateDataFolder(base)).toBe(base);
    await recoverMove(base, log());
    await expectWhole(base);
    expect(readdirSync(target)).toEqual([]);
  });

  it('leaves everything as it was when it is cancelled', async () => {
    const { mover: moving, jobs } = mover();
    const { jobId } = await moving.start(target);
    jobs.cancel(jobId);
    expect(await jobs.ended(jobId)).toMatchObject({ state: 'cancelled' });
    expect(moving.isMoving).toBe(false);
    await expectWhole(base);
    expect(existsSync(undecidedPath(base))).toBe(false);
    expect(existsSync(join(target, 'machines'))).toBe(false);
  });
});

describe('moving a data folder is refused', () => {
  it.each([
    ['a relative path', () => 'new', 'input.invalid'],
    ['the folder itself', () => base, 'input.invalid'],
    ['a folder in it', () => join(base, 'inside'), 'input.invalid'],
    ['the folder that it is in', () => root, 'input.invalid'],
    ['a link to it', () => join(root, 'link'), 'input.invalid'],
    ['a folder with something in it', () => join(root, 'full'), 'file.exists'],
    ['a file', () => join(root, 'full/file'), 'file.not-found'],
  ])('into %s', async (_what, target, code) => {
    await symlink(base, join(root, 'link'));
    await mkdir(join(root, 'full'));
    await writeFile(join(root, 'full/file'), '');
    await expect(mover().mover.start(target())).rejects.toMatchObject({ code });
    await expectWhole(base);
  });

  it('while machines run, tasks are under way, or it is being moved already', async () => {
    running = [{}];
    await expect(mover().mover.start(join(root, 'new'))).rejects.toMatchObject({ code: 'library.in-use' });
    running = [];
    const { mover: moving, jobs } = mover();
    const about = { kind: 'clone', subject: '', title: '', unit: 'bytes', cancellable: true } as const;
    const task = jobs.start(
      about,
      ({ signal }) => new Promise((_, no) => signal.addEventListener('abort', no)),
    );
    await expect(moving.start(join(root, 'new'))).rejects.toMatchObject({ code: 'library.in-use' });
    jobs.cancel(task.jobId);
    await jobs.ended(task.jobId);
    const { jobId } = await moving.start(join(root, 'new'));
    expect(() => moving.refuse()).toThrow(expect.objectContaining({ code: 'library.moving' }));
    await expect(moving.start(join(root, 'new2'))).rejects.toMatchObject({ code: 'library.moving' });
    await jobs.ended(jobId);
    // Until the program starts again.
    expect(moving.isMoving).toBe(true);
  });

  it('while a change of a machine is half done', async () => {
    await writeFile(join(base, 'machines/a/journal.json'), '{}');
    expect(await moveTo(join(root, 'new'))).toMatchObject({
      state: 'failed',
      error: { code: 'journal.unfinished' },
    });
    expect(existsSync(join(root, 'new'))).toBe(false);
  });
});

describe('what an interrupted move left', () => {
  it('removes nothing of a folder that the pointer does not name', async () => {
    const target = join(root, 'new');
    await moveTo(target);
    // Somebody uses the copy by its own name, while the old folder is the one that counts.
    await rm(pointerPath(base));
    await recoverMove(target, log());
    await expectWhole(base);
    expect(existsSync(decidedPath(target))).toBe(true);
  });

  it.each([
    '',
    '{}',
    '[]',
    '{"schema":1,"id":"x","base":"/","from":"/","to":"/","folders":["../.."],"files":[]}',
  ])('keeps nobody from starting when it is %j', async (text) => {
    await writeFile(undecidedPath(base), text);
    await writeFile(decidedPath(base), text);
    await recoverMove(base, log());
    await expectWhole(base);
  });

  it('is told where the folder has been moved to a drive that is gone', async () => {
    const target = join(root, 'new');
    await moveTo(target);
    await rm(target, { recursive: true });
    expect(() => locateDataFolder(base)).toThrow(expect.objectContaining({ code: 'file.not-found' }));
    await writeFile(pointerPath(base), 'torn');
    expect(locateDataFolder(base)).toBe(base);
  });
});

it('lists what moves, folders before what is in them', async () => {
  const contents = await contentsOf(base);
  const [folders, files] = [pathsOf(contents, 'folder'), pathsOf(contents, 'file')];
  expect(pathsOf(contents, 'link')).toEqual(['media/latest.iso']);
  expect(files).not.toContain('machines/a/lock');
  expect(files).toHaveLength(5);
  expect(folders.some((inner) => inner.startsWith('electron'))).toBe(false);
  for (const inner of folders) {
    const parent = inner.split('/').slice(0, -1).join('/');
    if (parent !== '') expect(folders.indexOf(parent)).toBeLessThan(folders.indexOf(inner));
  }
});
