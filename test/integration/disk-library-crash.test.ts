import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planQcow2, planRewrite } from '../../src/main/disk-library/plan';
import { backingOf } from '../../src/main/disks/chain/chain';
import { openDisk } from '../../src/main/disks/open-disk';
import { writeConfig } from '../../src/main/machines/folder';
import { hostSnapshotFiles, type SnapshotFiles } from '../../src/main/snapshots/files';
import { JournalledFolder } from '../../src/main/snapshots/journal';
import { SnapshotStore } from '../../src/main/snapshots/store';
import { buildMain, type BuiltMain } from '../helpers/core';
import { canMount, mountSmall } from '../helpers/small-file-system';
import {
  complaintsAbout,
  copyOf,
  type FaultKind,
  FaultyFiles,
  look,
  machineFolder,
  writeTo,
} from '../helpers/snapshots';

/**
 * Images are replaced by equal ones, and every step of that is stopped: after it, in the middle of it, or by a full
 * disk. Whatever happens, a guest reads the same bytes, now and in every snapshot.
 */

let root: string;
let base: string;
let frozen: string;
let present: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vivarium-rewrite-'));
  base = join(root, 'base');
  const config = await machineFolder(base);
  const store = new SnapshotStore(base, hostSnapshotFiles());
  const taking = {
    description: '',
    state: 'off',
    engineVersion: '1',
    createdAt: '2026-01-01T00:00:00.000Z',
  } as const;
  frozen = config.disks[0]?.path ?? '';
  await writeTo(join(base, frozen), 0, new Uint8Array(500_000).fill(1));
  await writeTo(join(base, frozen), 65536, new Uint8Array(65536 * 3));
  await store.take({ ...taking, name: 'a' }, false);
  present = (await store.config()).disks[0]?.path ?? '';
  await writeTo(join(base, present), 100_000, new Uint8Array(300_000).fill(2));
  await writeTo(join(base, present), 200_000, new Uint8Array(100_000));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Compacting and repairing are one and the same operation. */
async function rewrite(folder: string, image: string, files: SnapshotFiles): Promise<void> {
  const store = new SnapshotStore(folder, files);
  const backing = await backingOf(join(folder, image));
  const below = backing === undefined ? null : backing.slice(folder.length + 1);
  const plan = planRewrite({ path: image, below }, await store.records(), 'Compact', 'op');
  await new JournalledFolder(folder, files).run(plan);
}

async function stopEverywhere(
  from: string,
  kind: FaultKind,
  work: (folder: string, files: SnapshotFiles) => Promise<void>,
): Promise<void> {
  const folder = join(root, 'work');
  const before = await look(from);
  await copyOf(from, folder);
  const counter = new FaultyFiles(Infinity, kind);
  await work(folder, counter);
  expect(counter.calls).toBeGreaterThan(3);
  expect(await look(folder)).toEqual(before);
  expect(await complaintsAbout(folder)).toEqual([]);
  for (let n = 1; n <= counter.calls; n++) {
    await copyOf(from, folder);
    const what = `${kind}, call ${n} of ${counter.calls}`;
    await expect(work(folder, new FaultyFiles(n, kind)), what).rejects.toThrow();
    const store = new SnapshotStore(folder, hostSnapshotFiles());
    await store.recover();
    expect(await store.recover(), what).toBeUndefined();
    expect(await look(folder), what).toEqual(before);
    expect(await complaintsAbout(folder, false), what).toEqual([]);
  }
}

const kinds: FaultKind[] = ['after', 'torn', 'no-space'];

describe.each(kinds)('stopped anywhere (%s)', (kind) => {
  it('an image of the present that is rewritten', () =>
    stopEverywhere(base, kind, (folder, files) => rewrite(folder, present, files)));

  it('an image of a snapshot that is rewritten', () =>
    stopEverywhere(base, kind, (folder, files) => rewrite(folder, frozen, files)));

  it('a raw image that becomes a qcow2 image', async () => {
    const raw = join(root, 'raw');
    await rm(raw, { recursive: true, force: true });
    const config = await machineFolder(raw);
    await rm(join(raw, 'disks', 'disk0.qcow2'));
    await writeFile(join(raw, 'disks', 'disk0.img'), new Uint8Array(12 * 65536).fill(3, 70_000, 150_000));
    const disks = config.disks.map((disk) => ({ ...disk, path: 'disks/disk0.img' }));
    await writeConfig(raw, { ...config, disks });
    await stopEverywhere(raw, kind, async (folder, files) => {
      const now = await new SnapshotStore(folder, files).config();
      const { operation } = planQcow2(now, 'disks/disk0.img', 'Convert', 'op');
      await new JournalledFolder(folder, files).run(operation);
    });
  });
});

describe.runIf(await canMount())('an image that is rewritten on a drive without space', () => {
  it('is as it was, and is rewritten once there is some', async () => {
    const drive = join(root, 'drive');
    await mkdir(drive);
    const mounted = await mountSmall(drive, '4m');
    try {
      const folder = await copyOf(base, join(drive, 'machine'));
      const before = await look(folder);
      const filler = join(drive, 'filler');
      for (const size of [2 ** 20, 65536, 4096]) {
        const more = (): Promise<boolean> =>
          writeFile(filler, new Uint8Array(size), { flag: 'a' }).then(
            () => true,
            () => false,
          );
        while (await more());
      }
      await expect(rewrite(folder, present, hostSnapshotFiles())).rejects.toMatchObject({
        code: 'file.no-space',
      });
      expect(await look(folder)).toEqual(before);
      expect(await complaintsAbout(folder)).toEqual([]);
      await rm(filler);
      await rewrite(folder, present, hostSnapshotFiles());
      expect(await look(folder)).toEqual(before);
      expect(await complaintsAbout(folder)).toEqual([]);
    } finally {
      await mounted.unmount();
    }
  });
});

const mountable = await canMount();

describe('a file that is moved, with kill -9', () => {
  const run = promisify(execFile);
  const contents = new Uint8Array(3_000_000).map((_, index) => index % 251);
  let built: BuiltMain;
  beforeAll(async () => {
    built = await buildMain({ 'move-victim': 'test/helpers/move-victim.ts' });
  });
  afterAll(() => built?.remove());

  async function killedAt(moment: string, targetFolder: string): Promise<void> {
    const [path, target, user] = [join(root, 'a.iso'), join(targetFolder, 'a.iso'), join(root, 'user')];
    await rm(target, { force: true });
    await writeFile(path, contents);
    await writeFile(user, path);
    const args = [join(built.folder, 'move-victim.js'), path, target, user, moment];
    await expect(run(process.execPath, args), moment).rejects.toMatchObject({ signal: 'SIGKILL' });
    // Whoever uses it finds it whole, under the name that it knows.
    const known = await readFile(user, 'utf8');
    expect(Buffer.compare(await readFile(known), contents), moment).toBe(0);
    // A copy that was cut short is not taken for the file.
    if (moment === 'copying') await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' });
    if (known === target) expect(Buffer.compare(await readFile(target), contents)).toBe(0);
    else expect((await stat(path)).size).toBe(contents.length);
  }

  it('is whole under the name that its user knows', async () => {
    const folder = join(root, 'elsewhere');
    await mkdir(folder);
    for (const moment of ['named', 'switched', 'moved']) await killedAt(moment, folder);
  });

  it.runIf(mountable)('is whole on either of two drives', async () => {
    const drive = join(root, 'second');
    await mkdir(drive);
    const mounted = await mountSmall(drive, '16m');
    try {
      for (const moment of ['copying', 'copied', 'named', 'switched', 'moved']) await killedAt(moment, drive);
    } finally {
      await mounted.unmount();
    }
  });
});

it('a repaired image passes the check that the damaged one did not', async () => {
  const folder = await copyOf(base, join(root, 'damaged'));
  const path = join(folder, present);
  const before = await look(folder);
  const bytes = await readFile(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const block = Number(view.getBigUint64(Number(view.getBigUint64(48))));
  // Two counts too low and one too high: the next writes would overwrite what is there.
  view.setUint32(block, 0);
  view.setUint16(block + 1000, 1);
  await writeFile(path, bytes);
  const { checkQcow2 } = await import('../../src/main/disks/qcow2/check');
  expect((await checkQcow2(path)).errorCount).toBeGreaterThan(0);
  await rewrite(folder, present, hostSnapshotFiles());
  expect(await checkQcow2(path)).toMatchObject({ errorCount: 0, leakedClusters: 0 });
  expect(await look(folder)).toEqual(before);
  await (await openDisk(path, { readOnly: false })).close();
  expect(await complaintsAbout(folder)).toEqual([]);
});
