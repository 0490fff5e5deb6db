import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { bestCodec, type Codec, nativeZstd, wasmZstd, zlibCodec } from './codec';
import { consumeSavedState } from './consume';
import { checkHeader, readHeader, readSavedState } from './reader';
import { type SavedStateIdentity, SavedStateWriter } from './writer';

const identity: SavedStateIdentity = {
  engine: 'v86',
  engineVersion: '1.2.3',
  hardwareDigest: 'ab'.repeat(32),
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-saved-state-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(
  path: string,
  pieces: readonly Uint8Array[],
  codec: Codec,
  chunkSize: number,
): Promise<void> {
  const writer = await SavedStateWriter.create(path, identity, { codec, chunkSize });
  for (const piece of pieces) await writer.write(piece);
  await writer.finish();
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Failure ? error.code : String(error)),
  );
}

async function codecs(): Promise<Codec[]> {
  return [zlibCodec, nativeZstd(), await wasmZstd()].filter((codec) => codec !== undefined);
}

describe('saved states', () => {
  it('have Zstandard here, one way or the other', async () => {
    expect((await bestCodec()).name).toBe('zstd');
  });

  it('give back what was written, however it was cut into pieces, with every codec', async () => {
    const path = join(folder, 'round-trip.viv');
    for (const codec of await codecs()) {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 12 }),
          fc.integer({ min: 1, max: 999 }),
          async (pieces, chunkSize) => {
            await write(path, pieces, codec, chunkSize);
            const data = await readSavedState(path, identity);
            expect(Buffer.from(data).equals(Buffer.concat(pieces))).toBe(true);
            expect(await readHeader(path)).toMatchObject({ ...identity, codec: codec.name, chunkSize });
          },
        ),
        { numRuns: 30 },
      );
    }
  });

  it('compress, and tell how far reading is', async () => {
    const path = join(folder, 'large.viv');
    const piece = new Uint8Array(1_000_000).map((_, index) => index >> 12);
    await write(path, [piece, piece, piece], await bestCodec(), 512 * 1024);
    expect((await readFile(path)).length).toBeLessThan(100_000);
    const steps: number[] = [];
    const data = await readSavedState(path, identity, (done, total) => {
      expect(total).toBe(3_000_000);
      steps.push(done);
    });
    expect(data.byteLength).toBe(3_000_000);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(3_000_000);
  });

  it('show every single wrong byte', async () => {
    const path = join(folder, 'damaged.viv');
    for (const codec of await codecs()) {
      await write(path, [Buffer.from('memory of a machine '.repeat(30))], codec, 256);
      const whole = await readFile(path);
      for (let at = 0; at < whole.length; at++) {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
        await writeFile(path, damaged);
        expect([at, await codeOf(readSavedState(path, identity))]).toEqual([at, 'saved-state.corrupt']);
      }
    }
  });

  it('show that they were cut off, made longer, or mixed up', async () => {
    const path = join(folder, 'fuzzed.viv');
    await write(path, [new Uint8Array(5000).map((_, index) => index * 7)], zlibCodec, 1000);
    const whole = await readFile(path);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.nat(whole.length - 1).map((length) => whole.subarray(0, length)),
          fc.uint8Array({ minLength: 1, maxLength: 100 }).map((more) => Buffer.concat([whole, more])),
          fc
            .tuple(fc.nat(whole.length - 1), fc.uint8Array({ minLength: 1, maxLength: 300 }))
            .map(([at, noise]) => Buffer.concat([whole.subarray(0, at), noise, whole.subarray(at)])),
          fc.uint8Array({ maxLength: 500 }).map((noise) => Buffer.from(noise)),
        ),
        async (file) => {
          await writeFile(path, file);
          expect(await codeOf(readSavedState(path, identity))).toBe('saved-state.corrupt');
        },
      ),
      { numRuns: 150 },
    );
  });

  it('are refused where engine, version or hardware are others, before anything is read', async () => {
    const path = join(folder, 'other.viv');
    await write(path, [Buffer.from('x')], zlibCodec, 10);
    const others: Partial<SavedStateIdentity>[] = [
      { engine: 'qemu' },
      { engineVersion: '1.2.4' },
      { hardwareDigest: 'cd'.repeat(32) },
    ];
    for (const other of others) {
      const wanted = { ...identity, ...other };
      expect(await codeOf(readSavedState(path, wanted))).toBe('saved-state.mismatch');
      const header = await readHeader(path);
      expect(() => checkHeader(header, wanted)).toThrow(Failure);
    }
  });

  it('leave nothing behind when they are given up, and the old one in its place', async () => {
    const path = join(folder, 'given-up.viv');
    await write(path, [Buffer.from('old')], zlibCodec, 10);
    const writer = await SavedStateWriter.create(path, identity);
    await writer.write(new Uint8Array(10_000_000));
    await writer.abort();
    expect(Buffer.from(await readSavedState(path, identity)).toString()).toBe('old');
    expect((await readdir(folder)).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it('tell what the operating system says', async () => {
    const missing = join(folder, 'missing', 'state.viv');
    expect(await codeOf(SavedStateWriter.create(missing, identity))).toBe('file.not-found');
    expect(await codeOf(readSavedState(missing, identity))).toBe('file.not-found');
    expect(await codeOf(readSavedState(folder, identity))).toBe('file.not-a-file');
    expect(await codeOf(consumeSavedState(missing))).toBe('file.not-found');
  });

  it('are gone when they have been used up', async () => {
    const path = join(folder, 'used.viv');
    await write(path, [Buffer.from('x')], zlibCodec, 10);
    await consumeSavedState(path);
    expect(await codeOf(readHeader(path))).toBe('file.not-found');
  });
});
