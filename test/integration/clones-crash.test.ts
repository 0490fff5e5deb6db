import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFull, buildLinked, buildWhole } from '../../src/main/clones/build';
import { hostCloneFiles } from '../../src/main/clones/files';
import { readSource } from '../../src/main/clones/source';
import { buildMachineFolder } from '../../src/main/machines/build-folder';
import { removeUnfinished } from '../../src/main/machines/create';
import { hostSnapshotFiles } from '../../src/main/snapshots/files';
import { SnapshotStore } from '../../src/main/snapshots/store';
import { buildMain, type BuiltMain } from '../helpers/core';
import { canMount, mountSmall } from '../helpers/small-file-system';
import { complaintsAbout, look, machineFolder, writeTo } from '../helpers/snapshots';
import { quickFolder } from '../helpers/temp-folder';

/** Cloning is killed, with `kill -9`, before and after everything that it does on the disk. */

const run = promisify(execFile);
const taking = {
  description: '',
  state: 'off',
  engineVersion: '1',
  createdAt: '2026-01-01T00:00:00.000Z',
} as const;

let built: BuiltMain;
let root: string;
let base: string;

/** Two snapshots, one of them with memory, and firmware variables; nothing was written since the second. */
async function makeOriginal(folder: string): Promise<void> {
  await machineFolder(folder, 2);
  const store = new SnapshotStore(folder, hostSnapshotFiles());
  await mkdir(join(folder, 'firmware'));
  await writeFile(join(folder, 'firmware', 'variables.fd'), 'the variables');
  for (const [byte, name] of [
    [1, 'a'],
    [2, 'b'],
  ] as const) {
    for (const { path } of (await store.config()).disks) {
      await writeTo(join(folder, path), byte * 50_000, new Uint8Array(120_000).fill(byte));
    }
    await store.take({ ...taking, name }, false);
  }
}

beforeAll(async () => {
  built = await buildMain({ 'clone-victim': 'test/helpers/clone-victim.ts' });
  root = await quickFolder('clones');
  base = join(root, 'base');
  await makeOriginal(base);
});
afterAll(async () => {
  await built?.remove();
  await rm(root, { recursive: true, force: true });
});

/** Every file of a folder with its contents and times. */
async function digest(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const entry of (await readdir(folder, { recursive: true, withFileTypes: true })).sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || entry.name === 'lock') continue;
    hash.update(`${path.slice(folder.length)} ${(await stat(path)).mtimeMs}\n`).update(await readFile(path));
  }
  return hash.digest('hex');
}

async function freshLibrary(): Promise<{ machines: string; original: string }> {
  const machines = join(root, 'machines');
  await rm(machines, { recursive: true, force: true });
  const original = join(machines, 'original');
  await cp(base, original, { recursive: true, preserveTimestamps: true });
  return { machines, original };
}

const victim = (machines: string, original: string, kind: string, at: number, moment: string) =>
  run(process.execPath, [
    join(built.folder, 'clone-victim.js'),
    machines,
    original,
    kind,
    String(at),
    moment,
  ]).then(
    ({ stdout }) => ({ killed: false, stdout }),
    (error: { signal?: string }) => {
      if (error.signal !== 'SIGKILL') throw error;
      return { killed: true, stdout: '' };
    },
  );

describe.each(['full', 'linked', 'whole'])('a %s clone', (kind) => {
  it('is there as a whole or not at all, and the original is what it was, wherever it is killed', async () => {
    const first = await freshLibrary();
    const { stdout } = await victim(first.machines, first.original, kind, 0, 'before');
    const steps = Number(stdout);
    expect(steps).toBeGreaterThan(3);
    const wanted = await look(first.original);
    const outcomes = new Set<number>();
    for (let n = 1; n <= steps; n++) {
      for (const moment of ['before', 'after']) {
        const { machines, original } = await freshLibrary();
        const before = await digest(original);
        expect(await victim(machines, original, kind, n, moment)).toMatchObject({ killed: true });
        await removeUnfinished(machines);
        const folders = await readdir(machines);
        const what = `${kind}, killed ${moment} step ${n} of ${steps}`;
        expect(folders, what).toContain('original');
        expect(await digest(original), what).toBe(before);
        expect(await complaintsAbout(original, false), what).toEqual([]);
        outcomes.add(folders.length);
        // It can be tried again at once.
        if (n % 3 === 0) await victim(machines, original, kind, 0, 'before');
      }
    }
    expect(outcomes).toEqual(new Set([1]));
    await freshLibrary();
    await victim(first.machines, first.original, kind, 0, 'before');
    const [clone = ''] = (await readdir(first.machines)).filter((name) => name !== 'original');
    const folder = join(first.machines, clone);
    expect(await complaintsAbout(folder)).toEqual([]);
    const seen = await look(folder);
    expect(seen.present).toEqual(wanted.present);
    if (kind === 'whole') expect(seen).toEqual(wanted);
    if (kind === 'linked') expect(Object.keys(seen.snapshots)).toHaveLength(1);
    if (kind === 'full') expect(seen.snapshots).toEqual({});
    expect((await readdir(folder)).sort()).toEqual(
      [
        'disks',
        'firmware',
        'lock',
        'logs',
        'machine.json',
        'machine.json.bak',
        ...(kind === 'full' ? [] : ['snapshots']),
      ].sort(),
    );
  });
});

describe.runIf(await canMount())('a clone for which there is no space', () => {
  it.each(['full', 'linked', 'whole'])(
    '%s: says so, leaves nothing, and works when there is',
    async (kind) => {
      const drive = join(root, 'drive');
      await mkdir(drive, { recursive: true });
      const mounted = await mountSmall(drive, '8m');
      try {
        const original = join(drive, 'original');
        await cp(base, original, { recursive: true, preserveTimestamps: true });
        const before = await digest(original);
        const files = hostCloneFiles();
        const control = { signal: new AbortController().signal, progress: () => undefined };
        const identity = {
          id: 'clone00000000000',
          name: 'Clone',
          created: '',
          macs: new Map<string, string>(),
          origin: { machine: 'abcdefgh12345678', name: 'x', snapshot: null, linked: false },
        };
        const clone = (): Promise<string> =>
          buildMachineFolder(drive, identity, control.signal, async (folder) => {
            if (kind === 'whole') return buildWhole(folder, original, identity, files, control);
            const source = await readSource(original, null);
            if (kind === 'linked') return buildLinked(folder, source, identity, 'Base', files);
            return buildFull(folder, source, identity, files, control);
          });
        const filler = join(drive, 'filler');
        // Every page of it: every kind of clone needs some.
        for (const size of [2 ** 20, 65536, 4096]) {
          while (
            await appendFile(filler, new Uint8Array(size)).then(
              () => true,
              () => false,
            )
          );
        }
        await expect(clone()).rejects.toMatchObject({
          code: expect.stringMatching(/file\.no-space/) as string,
        });
        expect((await readdir(drive)).sort()).toEqual(['filler', 'original']);
        expect(await digest(original)).toBe(before);
        await rm(filler);
        const folder = await clone();
        expect(await complaintsAbout(folder)).toEqual([]);
        expect((await look(folder)).present).toEqual((await look(original)).present);
      } finally {
        await mounted.unmount();
      }
    },
  );
});
