import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure, toErrorValue } from '@shared/errors';
import { zlibCodec } from '../saved-state/codec';
import { readSavedState, verifySavedState } from '../saved-state/reader';
import { type SavedStateIdentity, SavedStateWriter } from '../saved-state/writer';
import { type CreateFile, createWholeFile, type NewFile } from '../whole-file';
import { collectMemory, type CollectFiles, removeUnusedPacks } from './collect';
import { ChunkCounts } from './counts';
import { Cutter, longest, shortest } from './cutter';
import { SharedImageWriter } from './image-writer';
import { verifyMemory } from './verify';

const identity: SavedStateIdentity = { engine: 'v86', engineVersion: '1', hardwareDigest: 'ab'.repeat(32) };

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vivarium-memory-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** Bytes that do not repeat, the same for the same seed. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed * 2654435761 + 1;
  const words = new Int32Array(Math.ceil(length / 4));
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    words[index] = state ^ (state >>> 13);
  }
  return new Uint8Array(words.buffer, 0, length);
}

const imageOf = (folder: string, id: string): string => join(folder, 'snapshots', id, 'memory.viv');

async function write(
  folder: string,
  id: string,
  data: Uint8Array,
  create: CreateFile = createWholeFile,
): Promise<void> {
  await mkdir(dirname(imageOf(folder, id)), { recursive: true });
  const writer = await SharedImageWriter.create(imageOf(folder, id), identity, { codec: zlibCodec, create });
  try {
    for (let at = 0; at < data.length; at += 100_003) await writer.write(data.subarray(at, at + 100_003));
    await writer.finish();
  } catch (error) {
    // A process that is killed puts nothing in order.
    if (!(error instanceof Stopped)) await writer.abort();
    throw error;
  }
}

async function read(folder: string, id: string): Promise<Buffer> {
  return Buffer.from(await readSavedState(imageOf(folder, id), identity));
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

async function complaints(folder: string): Promise<string[]> {
  const found: string[] = [];
  await verifyMemory(folder, (path, message) => found.push(`${path}: ${message}`));
  return found;
}

async function newFolder(): Promise<string> {
  return mkdtemp(join(root, 'machine-'));
}

class Stopped extends Error {}

/** New files of the host, each change of which goes through `step`. */
function steppingFiles(step: (work: () => Promise<void>) => Promise<void>, made: NewFile[] = []): CreateFile {
  return async (path) => {
    await step(async () => void made.push(await createWholeFile(path)));
    const file = made.at(-1);
    if (!file) throw new Error('Nothing was made.');
    return {
      get position() {
        return file.position;
      },
      digest: () => file.digest(),
      append: (data) => step(() => file.append(data)),
      finish: (refuse) => step(() => file.finish(refuse)),
      abort: () => file.abort(),
    };
  };
}

/** The host's files, until the n-th change: then the process is as good as dead. `bury` closes what it had open. */
function stoppingFiles(failAt: number): CollectFiles & { calls: () => number; bury: () => Promise<void> } {
  let calls = 0;
  const made: NewFile[] = [];
  const step = async (work: () => Promise<void>): Promise<void> => {
    if (calls >= failAt) throw new Stopped();
    calls++;
    await work();
  };
  return {
    calls: () => calls,
    remove: (path) => step(() => rm(path, { force: true })),
    create: steppingFiles(step, made),
    bury: async () => void (await Promise.all(made.map((file) => file.abort()))),
  };
}

describe('cuts', { timeout: 60_000 }, () => {
  const cutsOf = (data: Uint8Array, pieces: number): Buffer[] => {
    const cutter = new Cutter();
    const chunks: Buffer[] = [];
    for (let at = 0; at < data.length; at += pieces) {
      for (const chunk of cutter.cut(data.subarray(at, at + pieces))) chunks.push(Buffer.from(chunk));
    }
    const rest = cutter.rest();
    return rest.length > 0 ? [...chunks, Buffer.from(rest)] : chunks;
  };

  it('leave nothing out, and do not depend on how the stream comes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(200_000), fc.nat(3), fc.boolean()), { maxLength: 4 }),
        fc.integer({ min: 1000, max: 300_000 }),
        (parts, pieces) => {
          const data = Buffer.concat(
            parts.map(([length, seed, empty]) => (empty ? new Uint8Array(length) : noise(length, seed))),
          );
          const chunks = cutsOf(data, pieces);
          expect(Buffer.concat(chunks).equals(data)).toBe(true);
          for (const { length } of chunks.slice(0, -1)) {
            expect(length).toBeGreaterThanOrEqual(shortest);
            expect(length).toBeLessThanOrEqual(longest);
          }
          expect(chunks.map(({ length }) => length)).toEqual(
            cutsOf(data, 77_777).map(({ length }) => length),
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  it('are the same again after something was put in', () => {
    const data = noise(2_000_000, 1);
    const before = new Set(cutsOf(data, 65_536).map((chunk) => chunk.toString('latin1')));
    const moved = Buffer.concat([data.subarray(0, 300_000), noise(4105, 2), data.subarray(300_000)]);
    const after = cutsOf(moved, 65_536).filter((chunk) => !before.has(chunk.toString('latin1')));
    expect(after.length).toBeLessThan(6);
  });
});

describe('memory images of one machine', { timeout: 120_000 }, () => {
  it('are stored once where they are equal, and each is whole', async () => {
    const folder = await newFolder();
    const data = noise(3_000_000, 7);
    await write(folder, 'a', data);
    const alone = await bytesIn(folder);
    const versions = [data];
    for (let index = 1; index < 10; index++) {
      const next = Buffer.concat([
        data.subarray(0, index * 1000),
        noise(4096, index),
        data.subarray(index * 900),
      ]);
      versions.push(next);
      await write(folder, `b${index}`, next);
    }
    expect(await bytesIn(folder)).toBeLessThan(alone * 1.5);
    for (const [index, version] of versions.entries()) {
      expect((await read(folder, index === 0 ? 'a' : `b${index}`)).equals(version)).toBe(true);
    }
    expect(await complaints(folder)).toEqual([]);
    const counts = await ChunkCounts.of(folder);
    const { own = 0, shared = 0 } = counts.bytesOf(imageOf(folder, 'a')) ?? {};
    expect(shared).toBeGreaterThan(own * 10);
    expect(counts.freedWithout([imageOf(folder, 'a')])).toBeLessThan(alone / 10);
    const all = versions.map((_, index) => imageOf(folder, index === 0 ? 'a' : `b${index}`));
    expect(counts.freedWithout(all)).toBeGreaterThan(alone * 0.99);
  });

  it('outlive one another in any order, with those of an older format among them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            act: fc.constantFrom('write', 'write', 'old', 'delete', 'collect', 'tidy'),
            which: fc.nat(4),
            parts: fc.array(fc.tuple(fc.nat(5), fc.nat(150_000)), { maxLength: 4 }),
          }),
          { maxLength: 14 },
        ),
        async (steps) => {
          const folder = await newFolder();
          const model = new Map<string, Buffer>();
          for (const { act, which, parts } of steps) {
            const id = `s${which}`;
            const data = Buffer.concat(parts.map(([seed, length]) => noise(length, seed)));
            if (act === 'collect') await collectMemory(folder);
            else if (act === 'tidy') await removeUnusedPacks(folder);
            else if (act === 'delete') {
              model.delete(id);
              await rm(dirname(imageOf(folder, id)), { recursive: true, force: true });
              await collectMemory(folder);
            } else {
              model.set(id, data);
              if (act === 'write') await write(folder, id, data);
              else await writeOld(imageOf(folder, id), data);
              // Another image was in its place.
              await removeUnusedPacks(folder);
            }
            expect(await complaints(folder)).toEqual([]);
          }
          for (const [id, data] of model) expect((await read(folder, id)).equals(data)).toBe(true);
          await rm(folder, { recursive: true });
        },
      ),
      { numRuns: 12 },
    );
  });

  it('give their space back when nobody needs it, and parts of a file, too', async () => {
    const folder = await newFolder();
    const common = noise(300_000, 1);
    await write(folder, 'a', Buffer.concat([common, noise(2_000_000, 2)]));
    await write(folder, 'b', common);
    const before = await bytesIn(folder);
    await rm(dirname(imageOf(folder, 'a')), { recursive: true });
    await collectMemory(folder);
    expect(await bytesIn(folder)).toBeLessThan(before / 4);
    expect((await read(folder, 'b')).equals(common)).toBe(true);
    await rm(dirname(imageOf(folder, 'b')), { recursive: true });
    await collectMemory(folder);
    expect(await bytesIn(folder)).toBe(0);
  });
});

async function writeOld(path: string, data: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const writer = await SavedStateWriter.create(path, identity, { codec: zlibCodec });
  await writer.write(data);
  await writer.finish();
}

describe('a process that is killed', { timeout: 120_000 }, () => {
  it.each(['while an image is written', 'while space is given back'])('%s loses nothing', async (when) => {
    const base = await newFolder();
    const [common, other] = [noise(1_300_000, 1), noise(1_500_000, 2)];
    await write(base, 'a', Buffer.concat([common.subarray(0, 500_000), other]));
    await write(base, 'b', common);
    const isWriting = when.includes('written');
    if (!isWriting) await rm(dirname(imageOf(base, 'a')), { recursive: true });
    const third = Buffer.concat([common, noise(900_000, 3)]);
    const work = (folder: string, files: CollectFiles): Promise<void> =>
      isWriting ? write(folder, 'c', third, files.create) : collectMemory(folder, files);
    const counting = stoppingFiles(Infinity);
    await work(await copyOf(base), counting);
    expect(counting.calls()).toBeGreaterThan(5);
    for (let failAt = 0; failAt < counting.calls(); failAt++) {
      const folder = await copyOf(base);
      const files = stoppingFiles(failAt);
      await expect(work(folder, files)).rejects.toThrow(Stopped);
      await removeUnusedPacks(folder);
      expect(await complaints(folder)).toEqual([]);
      expect((await read(folder, 'b')).equals(common)).toBe(true);
      await work(folder, stoppingFiles(Infinity));
      expect(await complaints(folder)).toEqual([]);
      if (isWriting) expect((await read(folder, 'c')).equals(third)).toBe(true);
      await files.bury();
      await rm(folder, { recursive: true });
    }
  });

  it('leaves nothing when the disk is full and it is told so', async () => {
    const folder = await newFolder();
    await write(folder, 'a', noise(200_000, 1));
    const before = await bytesIn(folder);
    const data = noise(1_200_000, 2);
    const counting = stoppingFiles(Infinity);
    await write(await copyOf(folder), 'b', data, counting.create);
    for (let failAt = 0; failAt < counting.calls(); failAt++) {
      let calls = 0;
      const step = (work: () => Promise<void>): Promise<void> =>
        calls++ < failAt ? work() : Promise.reject(new Failure('file.no-space', 'full'));
      const full = steppingFiles(step);
      const outcome = await write(folder, 'b', data, full).then(
        () => 'done',
        (error: unknown) => toErrorValue(error).code,
      );
      expect(outcome).toBe('file.no-space');
      expect(await bytesIn(folder)).toBe(before);
    }
  });
});

async function copyOf(folder: string): Promise<string> {
  const to = await newFolder();
  await cp(folder, to, { recursive: true });
  return to;
}

describe('damage', { timeout: 120_000 }, () => {
  it('is found wherever it is, before anything is changed and while it is read', async () => {
    const folder = await newFolder();
    await write(folder, 'a', noise(60_000, 1));
    await write(folder, 'b', noise(90_000, 1));
    const files = [imageOf(folder, 'b')];
    for (const name of await readdir(join(folder, 'memory'))) files.push(join(folder, 'memory', name));
    expect(files.length).toBe(3);
    for (const path of files) {
      const whole = await readFile(path);
      const places = Array.from({ length: 40 }, (_, index) => Math.floor((index * whole.length) / 40));
      for (const at of [...places, whole.length - 1]) {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
        await writeFile(path, damaged);
        await expect(verifySavedState(imageOf(folder, 'b')), `${path} ${at}`).rejects.toThrow(Failure);
        await expect(read(folder, 'b')).rejects.toThrow(Failure);
        expect(await complaints(folder)).not.toEqual([]);
      }
      for (const length of [0, 10, whole.length >> 1, whole.length - 1]) {
        await writeFile(path, whole.subarray(0, length));
        await expect(verifySavedState(imageOf(folder, 'b'))).rejects.toThrow(Failure);
        expect(await complaints(folder)).not.toEqual([]);
      }
      await writeFile(path, whole);
    }
    expect(await complaints(folder)).toEqual([]);
  });

  it('of one image or pack is named, and takes nothing else away', async () => {
    const folder = await newFolder();
    await write(folder, 'a', noise(200_000, 1));
    await write(folder, 'b', noise(200_000, 2));
    const [first, second] = (await readdir(join(folder, 'memory'))).map((name) =>
      join(folder, 'memory', name),
    );
    const counts = await ChunkCounts.of(folder);
    expect(counts.bytesOf(imageOf(folder, 'a'))?.shared).toBe(0);
    await writeFile(imageOf(folder, 'a'), 'not an image');
    await collectMemory(folder);
    expect((await readdir(join(folder, 'memory'))).length).toBe(2);
    expect((await complaints(folder)).join()).toContain(imageOf(folder, 'a'));
    await write(folder, 'a', noise(200_000, 1));
    await rm(first ?? '');
    const [missing] = await complaints(folder);
    expect(missing).toMatch(/Its part [0-9a-f]{16} is missing|is missing/);
    expect(await stat(second ?? '')).toBeDefined();
  });
});
