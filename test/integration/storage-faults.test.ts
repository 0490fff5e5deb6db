import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Failure } from '@shared/errors';
import { machineMigrations } from '@shared/machine/migrate';
import { planQcow2 } from '../../src/main/disk-library/plan';
import { convertDisk } from '../../src/main/disks/convert';
import { exportDisk } from '../../src/main/disks/export';
import { openDisk } from '../../src/main/disks/open-disk';
import { writeConfig } from '../../src/main/machines/folder';
import { hostSnapshotFiles } from '../../src/main/snapshots/files';
import { JournalledFolder } from '../../src/main/snapshots/journal';
import { SnapshotStore } from '../../src/main/snapshots/store';
import { arm, fault, type HostFault } from '../helpers/faulty-fs';
import {
  complaintsAbout,
  copyOf,
  digestOf,
  diskSize,
  look,
  machineFolder,
  makeSmallTree,
  outline,
  takeOptions,
} from '../helpers/snapshots';
import { quickFolder } from '../helpers/temp-folder';

/**
 * Disks are converted and written elsewhere, and what an older version of the program has written is brought to this
 * version's schema, while the host's disk refuses any one call, or the program dies at it.
 */

vi.mock('node:fs/promises', async (original) => {
  const { faultyFs } = await import('../helpers/faulty-fs');
  return faultyFs(await original());
});

const death: Partial<HostFault> = { code: 'EIO', count: Infinity, dies: true };
const kinds: [string, Partial<HostFault>][] = [
  ['refuses one write', {}],
  ['is full from there on', { count: Infinity }],
  ['cannot make something durable', { code: 'EIO', onlySyncs: true }],
  ['is left by a program that dies', death],
];

/** Journalled operations take long: they are tried at every third call, unless there is time. */
const stride = process.env['VIVARIUM_TORTURE'] === undefined ? 3 : 1;

let root: string;
let tree: string;
let ids: string[];

beforeAll(async () => {
  root = await quickFolder('storage-faults');
  tree = join(root, 'tree');
  ids = await makeSmallTree(tree);
});
afterAll(() => rm(root, { recursive: true, force: true }));

/**
 * Does something as often as it makes calls to the host's disk, each time with another one of them failing.
 *
 * @param prepare before each time
 * @param step how many calls further on the next time is
 * @param judge after each time; `told` is what a person was told, undefined when it succeeded all the same
 */
async function atEveryCall(
  kind: Partial<HostFault>,
  prepare: () => Promise<unknown>,
  work: () => Promise<unknown>,
  judge: (what: string, told: Failure | undefined) => Promise<void>,
  step = 1,
): Promise<void> {
  await prepare();
  arm(kind);
  await work();
  const { calls } = fault;
  arm({});
  await judge('without a fault', undefined);
  expect(calls).toBeGreaterThan(1);
  let failures = 0;
  for (let n = 1; n <= calls; n += step) {
    const what = `${JSON.stringify(kind)}, call ${n} of ${calls}`;
    await prepare();
    arm({ ...kind, failAt: n });
    const error = await work().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(fault.open.size, what).toBe(0);
    arm({});
    if (error !== undefined) failures++;
    // A program that has died tells nothing any more.
    const told = kind.dies ? new Failure('file.io', 'It died.') : error;
    if (told !== undefined) {
      expect(told, what).toBeInstanceOf(Failure);
      expect(['file.no-space', 'file.io', 'journal.unfinished'], what).toContain((told as Failure).code);
    }
    await judge(what, told as Failure | undefined);
  }
  expect(failures).toBeGreaterThan(calls / step / 2);
}

describe.each(kinds)('with a disk that %s', (_name, kind) => {
  it('a raw image becomes a qcow2 image of the same contents, or stays what it is', async () => {
    const [from, folder] = [join(root, 'raw'), join(root, 'raw-work')];
    await rm(from, { recursive: true, force: true });
    const config = await machineFolder(from);
    await rm(join(from, 'disks', 'disk0.qcow2'));
    await writeFile(join(from, 'disks', 'disk0.img'), new Uint8Array(diskSize).fill(3, 70_000, 250_000));
    const disks = config.disks.map((disk) => ({ ...disk, path: 'disks/disk0.img' }));
    await writeConfig(from, { ...config, disks });
    const before = await look(from);
    await atEveryCall(
      kind,
      () => copyOf(from, folder),
      async () => {
        const now = await new SnapshotStore(folder, hostSnapshotFiles()).config();
        const { operation } = planQcow2(now, 'disks/disk0.img', 'Convert', 'op');
        await new JournalledFolder(folder, hostSnapshotFiles()).run(operation);
      },
      async (what) => {
        const store = new SnapshotStore(folder, hostSnapshotFiles());
        await store.recover();
        expect(await look(folder), what).toEqual(before);
        expect(await complaintsAbout(folder, false), what).toEqual([]);
        const images = (await readdir(join(folder, 'disks'))).filter((name) => /\.(img|qcow2)$/.test(name));
        expect(images, what).toHaveLength(1);
      },
    );
  });

  it('a disk is written into another file as a whole or not at all', async () => {
    const folder = join(root, 'exported');
    const present = (await new SnapshotStore(tree, hostSnapshotFiles()).config()).disks[0]?.path ?? '';
    const source = join(tree, present);
    const contents = await digestOf(source);
    const target = join(folder, 'out.img');
    const judge = async (what: string, told: Failure | undefined): Promise<void> => {
      const there = await readdir(folder);
      if (told === undefined) expect(there, what).toEqual(['out.img']);
      else if (!kind.dies) expect(there, what).toEqual([]);
      if (there.includes('out.img')) expect(await digestOf(target), what).toBe(contents);
      expect(await digestOf(source), what).toBe(contents);
    };
    const prepare = async (): Promise<void> => {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder);
    };
    for (const format of ['raw', 'qcow2'] as const) {
      await atEveryCall(
        kind,
        prepare,
        () => exportDisk({ source, target, format, from: 'library' }),
        async (what, told) => judge(`${format}: ${what}`, told),
      );
    }
    const convert = async (): Promise<void> => {
      const disk = await openDisk(source, { readOnly: true });
      await convertDisk(disk, target).finally(() => disk.close());
    };
    await atEveryCall(kind, prepare, convert, judge);
  });
});

type Json = Record<string, unknown>;

/** A configuration as a version of the program would have written it that counted memory in bytes. */
function aged(config: Json): Json {
  const { memoryMiB, ...rest } = config;
  return { ...rest, schema: 0, memory: Number(memoryMiB) * 2 ** 20 };
}

async function rewriteJson(path: string, change: (value: Json) => Json): Promise<void> {
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as Json)));
}

/** Makes what is in a machine's folder look as if that older version had written it. */
async function age(folder: string): Promise<void> {
  for (const name of ['machine.json', 'machine.json.bak']) await rewriteJson(join(folder, name), aged);
  const ageRecord = (record: Json): Json => ({ ...record, config: aged(record['config'] as Json) });
  for (const id of ids) await rewriteJson(join(folder, 'snapshots', id, 'snapshot.json'), ageRecord);
}

/** The schema versions that stand in the files of a machine's folder. */
async function schemasIn(folder: string): Promise<unknown[]> {
  const configOf = async (name: string): Promise<Json> =>
    JSON.parse(await readFile(join(folder, name), 'utf8')) as Json;
  const schemas = [(await configOf('machine.json'))['schema']];
  for (const id of ids) {
    const record = (await configOf(`snapshots/${id}/snapshot.json`).catch(() => ({}))) as Json;
    schemas.push((record['config'] as Json | undefined)?.['schema']);
  }
  return schemas;
}

describe('what an older version has written', () => {
  let old: string;
  let memoryMiB: number;
  beforeAll(async () => {
    ({ memoryMiB } = await new SnapshotStore(tree, hostSnapshotFiles()).config());
    old = await copyOf(tree, join(root, 'old'));
    await age(old);
    await expect(look(old)).rejects.toMatchObject({ code: 'machine.inaccessible' });
    Object.assign(machineMigrations, {
      0: ({ memory, ...rest }: Json): Json => ({ ...rest, memoryMiB: Number(memory) / 2 ** 20 }),
    });
    expect(await look(old)).toEqual(await look(tree));
    expect(await schemasIn(old)).toEqual([0, 0, 0]);
  });

  type Operations = Record<string, (store: SnapshotStore) => Promise<unknown>>;
  const single: Operations = {
    'settings that are changed': async (store) =>
      writeConfig(store.folder, { ...(await store.config()), notes: 'changed' }),
    'a snapshot that is described': (store) => store.edit(ids[0] ?? '', { name: 'a', description: 'first' }),
  };
  const journalled: Operations = {
    'a snapshot that is taken': (store) => store.take({ ...takeOptions, name: 'new' }, true),
    'a snapshot that is restored': (store) => store.restore(ids[0] ?? '', true),
    'a snapshot that is deleted': async (store) =>
      store.delete(await store.planDelete([ids[0] ?? ''], false)),
  };

  const judgeIn = (folder: string, allowed: string[]) => async (what: string) => {
    const store = new SnapshotStore(folder, hostSnapshotFiles());
    await store.recover();
    expect(allowed, what).toContain(outline(await look(folder), ids));
    expect(await complaintsAbout(folder, false), what).toEqual([]);
    for (const config of [await store.config(), ...(await store.records()).map((record) => record.config)]) {
      expect(config, what).toMatchObject({ schema: 1, memoryMiB });
      expect(config, what).not.toHaveProperty('memory');
    }
  };

  /** What may be seen after an operation: the state before it, and the one after it. */
  async function outcomes(operation: (store: SnapshotStore) => Promise<unknown>): Promise<string[]> {
    const folder = await copyOf(old, join(root, 'whole'));
    await operation(new SnapshotStore(folder, hostSnapshotFiles()));
    expect(await schemasIn(folder)).toContain(1);
    return [outline(await look(old), ids), outline(await look(folder), ids)];
  }

  const tried = async (
    operation: (store: SnapshotStore) => Promise<unknown>,
    kind: Partial<HostFault>,
    step: number,
  ): Promise<void> => {
    const folder = join(root, 'old-work');
    const judge = judgeIn(folder, await outcomes(operation));
    const work = (): Promise<unknown> => operation(new SnapshotStore(folder, hostSnapshotFiles()));
    await atEveryCall(kind, () => copyOf(old, folder), work, judge, step);
  };

  describe.each(Object.entries(single))('%s', (_name, operation) => {
    it.each(kinds)('is there on a disk that %s', (_kind, kind) => tried(operation, kind, 1));
  });

  it.each(Object.entries(journalled))('%s is there wherever the program dies', (_name, operation) =>
    tried(operation, death, stride),
  );

  it('includes the journal of what it was at when it died', async () => {
    const folder = join(root, 'old-journal');
    const [taken, restored] = Object.values(journalled);
    const phases = new Set<unknown>();
    for (const operation of [taken, restored]) {
      if (!operation) throw new Error('no such operation');
      const judge = judgeIn(folder, await outcomes(operation));
      for (let n = 1, died = true; died; n += stride) {
        await copyOf(tree, folder);
        arm({ ...death, failAt: n });
        died = await operation(new SnapshotStore(folder, hostSnapshotFiles())).then(
          () => false,
          () => true,
        );
        arm({});
        await age(folder);
        const journal = join(folder, 'journal.json');
        await rewriteJson(journal, (value) => {
          phases.add(value['phase']);
          const ageStep = (step: Json): Json => {
            const record = step['record'] as Json | undefined;
            if (record) return { ...step, record: { ...record, config: aged(record['config'] as Json) } };
            return step['settings'] ? { ...step, settings: aged(step['settings'] as Json) } : step;
          };
          return { ...value, commit: (value['commit'] as Json[]).map(ageStep) };
        }).catch((error: unknown) => expect(error).toMatchObject({ code: 'ENOENT' }));
        await judge(`call ${n}`);
      }
    }
    expect(phases).toEqual(new Set(['prepare', 'commit']));
  });
});
