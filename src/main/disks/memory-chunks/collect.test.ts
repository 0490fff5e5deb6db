import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSavedState } from '../saved-state/reader';
import { createWholeFile } from '../whole-file';
import { collectMemory, type CollectFiles, removeUnusedPacks } from './collect';
import { SharedImageWriter } from './image-writer';

/** Memory whose program has died is nobody's to tidy up but the next program's. */

const identity = { engine: 'v86', engineVersion: '1', hardwareDigest: 'ab'.repeat(32) };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vivarium-collect-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const imageOf = (id: string): string => join(folder, 'snapshots', id, 'memory.viv');
const bytes = (length: number, seed: number): Buffer => {
  let state = seed;
  return Buffer.from(
    Array.from({ length }, () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 24),
  );
};

async function write(id: string, data: Uint8Array): Promise<void> {
  await mkdir(dirname(imageOf(id)), { recursive: true });
  const writer = await SharedImageWriter.create(imageOf(id), identity);
  await writer.write(data);
  await writer.finish();
}

const forget = (id: string): Promise<void> => rm(dirname(imageOf(id)), { recursive: true });

/** Every file of the packs, with a digest of what it holds. */
async function packs(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await readdir(join(folder, 'memory'))) {
    found[name] = hash('sha256', await readFile(join(folder, 'memory', name)));
  }
  return found;
}

/** The host's files, after `calls` changes of which `abort` is called. */
function abortingFiles(calls: number, abort: () => void): CollectFiles {
  let count = 0;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    const result = await work();
    if (++count === calls) abort();
    return result;
  };
  return {
    remove: (path) => step(() => rm(path, { force: true })),
    create: (path) =>
      step(async () => {
        const file = await createWholeFile(path);
        return {
          get position() {
            return file.position;
          },
          digest: () => file.digest(),
          append: (data) => step(() => file.append(data)),
          // Nothing can come after the rename, which is the last of it.
          finish: (refuse) => file.finish(refuse),
          abort: () => file.abort(),
        };
      }),
  };
}

describe('giving back the space of memory', () => {
  it('changes nothing any more once nobody wants it, however far it is', async () => {
    const shared = bytes(100_000, 1);
    await write('a', Buffer.concat([shared, bytes(400_000, 2)]));
    await write('b', shared);
    await forget('a');
    const before = await packs();
    for (let isOver = false, calls = 1; !isOver; calls++) {
      const stop = new AbortController();
      const collecting = collectMemory(
        folder,
        abortingFiles(calls, () => stop.abort()),
        stop.signal,
      );
      const ended = await collecting.then(
        () => 'done',
        () => 'given up',
      );
      isOver = !stop.signal.aborted;
      if (!isOver) expect([calls, ended, await packs()]).toEqual([calls, 'given up', before]);
    }
    expect(Object.keys(await packs())).toEqual(Object.keys(before));
    expect(await packs()).not.toEqual(before);
    expect(Buffer.from(await readSavedState(imageOf('b'), identity)).equals(shared)).toBe(true);
  });

  it('removes no second file any more once nobody wants it', async () => {
    for (const [seed, id] of ['a', 'b', 'c'].entries()) await write(id, bytes(50_000, seed + 1));
    for (const id of ['a', 'b', 'c']) await forget(id);
    const stop = new AbortController();
    const files = abortingFiles(1, () => stop.abort());
    await expect(collectMemory(folder, files, stop.signal)).rejects.toThrow();
    expect((await readdir(join(folder, 'memory'))).length).toBe(2);
    await removeUnusedPacks(folder);
    expect(await readdir(join(folder, 'memory'))).toEqual([]);
  });
});
