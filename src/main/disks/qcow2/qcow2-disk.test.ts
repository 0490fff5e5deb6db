import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '@shared/errors';
import { MemoryFile, type LogEntry } from '../testing/memory-file';
import { writeEmptyImage } from './create';
import { openQcow2File } from './open';
import type { Qcow2Disk } from './qcow2-disk';

const cluster = 65536;

async function newImage(virtualSize = 10_000_000, clusterSize = cluster): Promise<MemoryFile> {
  const file = new MemoryFile();
  await writeEmptyImage(file, { virtualSize, clusterSize });
  file.log.length = 0;
  return file;
}

const open = (file: MemoryFile, readOnly = false): Promise<Qcow2Disk> => openQcow2File(file, { readOnly });
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const noSpace = new Failure('file.no-space', 'full');
const viewOf = (file: MemoryFile): DataView => new DataView(file.contents.buffer);
/** Whether the incompatible feature bit "dirty" is set in the file. */
const isDirty = (file: MemoryFile): boolean => (viewOf(file).getUint8(79) & 1) === 1;

describe('a qcow2 disk', () => {
  it('reads as zeros until it is written, and keeps what is written', async () => {
    const file = await newImage();
    let disk = await open(file);
    expect((await disk.read(0, 200_000)).every((byte) => byte === 0)).toBe(true);
    await disk.write(100_000, bytes(70_000, 7));
    await disk.close();
    disk = await open(file, true);
    expect([...(await disk.read(99_999, 2))]).toEqual([0, 7]);
    expect([...(await disk.read(169_999, 2))]).toEqual([7, 0]);
    await disk.close();
  });

  it('refuses what is outside, writes when read-only, and use after closing', async () => {
    const file = await newImage();
    const disk = await open(file, true);
    await expect(disk.read(disk.size, 1)).rejects.toMatchObject({ code: 'disk.out-of-range' });
    await expect(disk.read(0, 2 ** 40)).rejects.toMatchObject({ code: 'disk.out-of-range' });
    await expect(disk.write(0, bytes(1, 1))).rejects.toMatchObject({ code: 'disk.read-only' });
    await expect(disk.grow(disk.size * 2)).rejects.toMatchObject({ code: 'disk.read-only' });
    await disk.flush();
    await disk.close();
    await disk.close();
    await expect(disk.read(0, 1)).rejects.toMatchObject({ code: 'internal' });
    expect(file.log).toEqual([]);
  });

  it('marks itself dirty before it allocates and clean when it is closed', async () => {
    const file = await newImage();
    const disk = await open(file);
    await disk.read(0, 512);
    expect(isDirty(file)).toBe(false);
    await disk.write(0, bytes(1, 1));
    expect(isDirty(file)).toBe(true);
    expect(file.log.slice(0, 2)).toMatchObject([{ kind: 'write', position: 72 }, { kind: 'sync' }]);
    await disk.close();
    expect(isDirty(file)).toBe(false);
  });

  it('uses one call for contiguous clusters', async () => {
    const file = await newImage();
    const disk = await open(file);
    await disk.write(0, bytes(32 * cluster, 5));
    const dataWrites = file.log.filter((entry) => entry.kind === 'write' && entry.data.length >= cluster);
    expect(dataWrites).toHaveLength(1);
    file.reads = 0;
    await disk.read(1000, 30 * cluster);
    expect(file.reads).toBe(1);
    await disk.close();
  });

  it('keeps apart what many overlapping requests do at once', async () => {
    const request = fc.record({
      at: fc.nat(40_000),
      length: fc.integer({ min: 1, max: 9000 }),
      read: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 25 }), async (requests) => {
        const file = await newImage(50_000, 1024);
        const disk = await open(file);
        const model = new Uint8Array(disk.size);
        // Requests that overlap are served in the order of their calls, so each read has one right answer.
        const results = requests.map(async ({ at, length, read }, index) => {
          if (read) {
            const expected = model.slice(at, at + length);
            expect(Buffer.compare(await disk.read(at, length), expected)).toBe(0);
          } else {
            model.fill(index + 1, at, at + length);
            await disk.write(at, bytes(length, index + 1));
          }
          if (index % 7 === 3) await disk.flush();
        });
        await Promise.all(results);
        await disk.close();
        const again = await open(file);
        expect(Buffer.compare(await again.read(0, again.size), model)).toBe(0);
        await again.close();
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('is correct with more tables than it keeps in memory', async () => {
    // Each table describes 512 MiB; 256 of them are kept.
    const step = 2 ** 29;
    const size = 300 * step;
    const file = await newImage(size);
    const disk = await open(file);
    for (let at = 0; at < size; at += step) await disk.write(at, bytes(512, (at / step) % 251));
    for (let at = 0; at < size; at += step) expect((await disk.read(at + 511, 1))[0]).toBe((at / step) % 251);
    await disk.close();
  });

  it('reads the tables of 8 GiB of disk once, and they are one MiB', async () => {
    const tables = 16;
    const step = (8 * 2 ** 30) / tables;
    const file = await newImage(8 * 2 ** 30);
    const writer = await open(file);
    for (let at = 0; at < tables; at++) await writer.write(at * step, bytes(512, 1));
    await writer.close();
    const disk = await open(file);
    const before = file.reads;
    // Beside what was written there is nothing but what the tables say.
    const look = async (): Promise<void> => {
      for (let at = 0; at < tables; at++) await disk.read(at * step + step / 2, 512);
    };
    await look();
    expect(file.reads - before).toBe(tables);
    for (let round = 0; round < 3; round++) await look();
    expect(file.reads - before).toBe(tables);
    expect(tables * 65536).toBe(2 ** 20);
    await disk.close();
  });
});

describe('trouble with the host', () => {
  it('leaves the disk usable when space is back', async () => {
    const file = await newImage();
    const disk = await open(file);
    await disk.write(0, bytes(5000, 1));
    file.fault = (entry) => (entry.kind === 'write' ? noSpace : undefined);
    await expect(disk.write(300_000, bytes(5000, 2))).rejects.toMatchObject({ code: 'file.no-space' });
    await expect(disk.flush()).rejects.toMatchObject({ code: 'file.no-space' });
    file.fault = undefined;
    expect((await disk.read(300_000, 1))[0]).toBe(0);
    await disk.write(300_000, bytes(5000, 2));
    await disk.close();
    const again = await open(file);
    expect((await again.read(4999, 1))[0]).toBe(1);
    expect((await again.read(304_999, 1))[0]).toBe(2);
    await again.close();
  });

  it('takes no more writes after a failed barrier, and keeps the mark', async () => {
    const file = await newImage();
    const disk = await open(file);
    await disk.write(0, bytes(5000, 1));
    const broken = new Failure('file.io', 'the cable is loose');
    file.fault = (entry) => (entry.kind === 'sync' ? broken : undefined);
    await expect(disk.flush()).rejects.toMatchObject({ code: 'file.io' });
    file.fault = undefined;
    await expect(disk.write(0, bytes(1, 1))).rejects.toMatchObject({ code: 'file.io' });
    await expect(disk.flush()).rejects.toMatchObject({ code: 'file.io' });
    await expect(disk.close()).rejects.toMatchObject({ code: 'file.io' });
    expect(file.closed).toBe(true);
    expect(isDirty(file)).toBe(true);
  });

  it('is noticed when the file is cut while it is open', async () => {
    const file = await newImage();
    const disk = await open(file);
    await disk.write(0, bytes(20 * cluster, 1));
    await disk.flush();
    file.contents = file.contents.slice(0, 10 * cluster);
    expect((await disk.read(0, cluster))[0]).toBe(1);
    await expect(disk.read(15 * cluster, 512)).rejects.toMatchObject({ code: 'medium.truncated' });
    await expect(disk.flush()).rejects.toMatchObject({ code: 'medium.truncated' });
  });

  it('is noticed when the file was cut before', async () => {
    const file = await newImage();
    const disk = await open(file);
    // The table comes to lie before the rest of the data.
    await disk.write(0, bytes(cluster, 1));
    await disk.write(cluster, bytes(20 * cluster, 1));
    await disk.close();
    file.contents = file.contents.slice(0, 10 * cluster);
    const cut = await open(file);
    await expect(cut.read(15 * cluster, 512)).rejects.toMatchObject({ code: 'medium.truncated' });
    await expect(cut.write(15 * cluster, bytes(512, 1))).rejects.toMatchObject({ code: 'medium.truncated' });
  });
});

describe('an image that was not closed', () => {
  it('gives lost clusters back', async () => {
    const file = await newImage();
    const lost = await open(file);
    await lost.write(0, bytes(10 * cluster, 1));
    await lost.flush();
    const published = file.contents.slice();
    await lost.write(20 * cluster, bytes(10 * cluster, 2));
    // The process dies here: data is there, but nothing leads to it.
    const after = new MemoryFile(new Uint8Array(Buffer.concat([published, bytes(5 * cluster, 2)])));
    let disk = await open(after);
    expect((await disk.read(10 * cluster - 1, 1))[0]).toBe(1);
    expect((await disk.read(20 * cluster, 1))[0]).toBe(0);
    await disk.close();
    const length = after.contents.length;
    disk = await open(after);
    await disk.write(20 * cluster, bytes(5 * cluster, 3));
    await disk.close();
    expect(after.contents.length).toBeLessThanOrEqual(length + cluster);
  });

  it('is refused for writing when two guest clusters share a place', async () => {
    const file = await newImage();
    const disk = await open(file);
    await disk.write(0, bytes(2 * cluster, 1));
    await disk.close();
    const l2 = firstTable(file);
    viewOf(file).setBigUint64(l2 + 8, viewOf(file).getBigUint64(l2));
    viewOf(file).setUint8(79, 1);
    await expect(open(file)).rejects.toMatchObject({ code: 'disk.corrupt' });
    const reader = await open(file, true);
    expect((await reader.read(cluster, 1))[0]).toBe(1);
  });
});

/** Offset of the first L2 table. */
function firstTable(file: MemoryFile): number {
  const view = viewOf(file);
  return Number(view.getBigUint64(Number(view.getBigUint64(40))) & 0x00fffffffffffe00n);
}

describe('a malicious image', () => {
  it.each(['header', 'L1 table', 'refcount table', 'refcount block', 'L2 table'])(
    'cannot have a guest write to its %s',
    async (target) => {
      const file = await newImage();
      const disk = await open(file);
      await disk.write(0, bytes(512, 1));
      await disk.close();
      const view = viewOf(file);
      const refcountTable = Number(view.getBigUint64(48));
      const places: Record<string, number> = {
        header: 0,
        'L1 table': Number(view.getBigUint64(40)),
        'refcount table': refcountTable,
        'refcount block': Number(view.getBigUint64(refcountTable)),
        'L2 table': firstTable(file),
      };
      const place = places[target] ?? 0;
      const owned = (1n << 63n) | BigInt(place);
      // A place of 0 means "no place", so the header is reached through a cluster that counts as free.
      if (target === 'header') view.setUint16(Number(view.getBigUint64(refcountTable)), 0);
      else view.setBigUint64(firstTable(file), owned);
      file.log.length = 0;
      const hostile = await open(file);
      const write = hostile.write(target === 'header' ? cluster : 0, bytes(512, 0xee));
      await expect(write).rejects.toMatchObject({ code: 'disk.corrupt' });
      expect(file.log.every((entry) => entry.kind !== 'write' || entry.position === 72)).toBe(true);
    },
  );

  it('cannot make tables overlap', async () => {
    const file = await newImage(2 ** 30);
    const view = viewOf(file);
    const l1 = Number(view.getBigUint64(40));
    const owned = (1n << 63n) | 0x40000n;
    file.contents = new Uint8Array(Buffer.concat([file.contents, bytes(cluster, 0)]));
    viewOf(file).setBigUint64(l1, owned);
    viewOf(file).setBigUint64(l1 + 8, owned);
    await expect(open(file)).rejects.toMatchObject({ code: 'disk.corrupt' });
  });

  it('can only be read when it is marked as corrupt', async () => {
    const file = await newImage();
    viewOf(file).setUint8(79, 2);
    await expect(open(file)).rejects.toMatchObject({ code: 'disk.corrupt' });
    const disk = await open(file, true);
    expect(await disk.read(0, 1)).toHaveLength(1);
  });
});

describe('discarding', () => {
  it('makes whole clusters zeros, leaves the rest, and uses their space again', async () => {
    const file = await newImage(10 * cluster + 512);
    let disk = await open(file);
    await disk.write(0, bytes(disk.size, 7));
    await disk.flush();
    const { length } = file.contents;
    await disk.discard(cluster - 1, 4 * cluster);
    await disk.discard(10 * cluster, 512);
    await disk.flush();
    expect([...(await disk.read(cluster - 1, 2))]).toEqual([7, 0]);
    expect([...(await disk.read(4 * cluster - 1, 2))]).toEqual([0, 7]);
    expect([...(await disk.read(10 * cluster - 1, 2))]).toEqual([7, 0]);
    await disk.write(cluster, bytes(3 * cluster, 8));
    await disk.write(10 * cluster, bytes(512, 9));
    await disk.close();
    expect(file.contents.length).toBeLessThanOrEqual(length);
    disk = await open(file, true);
    expect([...(await disk.read(cluster - 1, 2))]).toEqual([7, 8]);
    expect([...(await disk.read(10 * cluster - 1, 2))]).toEqual([7, 9]);
    await disk.close();
  });

  it('never lets a new owner write to a cluster before the old one has durably lost it', async () => {
    const file = await newImage();
    const disk = await open(file);
    await disk.write(0, bytes(4 * cluster, 1));
    await disk.flush();
    await disk.discard(0, 4 * cluster);
    await disk.write(20 * cluster, bytes(4 * cluster, 2));
    // The process dies here: the tables in the file still lead to the old data, which must be whole.
    const after = await open(new MemoryFile(file.contents.slice()));
    expect((await after.read(0, 4 * cluster)).every((byte) => byte === 1)).toBe(true);
    await after.close();
    await disk.close();
  });

  it('changes nothing where nothing is, and refuses what is outside or read-only', async () => {
    const file = await newImage(2 ** 41);
    const disk = await open(file);
    await disk.discard(0, disk.size);
    await disk.discard(5, cluster);
    expect(file.log).toEqual([]);
    await expect(disk.discard(disk.size, 1)).rejects.toMatchObject({ code: 'disk.out-of-range' });
    await expect(disk.discard(0, -1)).rejects.toMatchObject({ code: 'disk.out-of-range' });
    await disk.close();
    const reader = await open(file, true);
    await expect(reader.discard(0, cluster)).rejects.toMatchObject({ code: 'disk.read-only' });
    await reader.close();
  });
});

describe('growing', () => {
  it('gives zeros, moves the L1 table when it must, and survives reopening', async () => {
    const file = await newImage(100_000, 512);
    let disk = await open(file);
    await disk.write(0, bytes(100_000, 1));
    await disk.grow(20_000_000);
    await expect(disk.grow(1000)).rejects.toMatchObject({ code: 'input.invalid' });
    await expect(disk.grow(2 ** 50)).rejects.toMatchObject({ code: 'input.invalid' });
    await disk.write(19_999_000, bytes(1000, 2));
    await disk.close();
    disk = await open(file);
    expect(disk.size).toBe(20_000_256);
    expect([...(await disk.read(99_999, 2))]).toEqual([1, 0]);
    expect([...(await disk.read(19_998_999, 2))]).toEqual([0, 2]);
    await disk.close();
  });

  it('takes old features that it does not know away', async () => {
    const file = await newImage();
    viewOf(file).setBigUint64(88, 0xffn);
    await (await open(file, true)).close();
    expect(viewOf(file).getBigUint64(88)).toBe(0xffn);
    await (await open(file)).close();
    expect(viewOf(file).getBigUint64(88)).toBe(0n);
  });
});

it('the log of a flush has data before the tables that lead to it, with a barrier between', async () => {
  const file = await newImage();
  const disk = await open(file);
  await disk.write(0, bytes(cluster, 1));
  await disk.flush();
  file.log.length = 0;
  await disk.write(5 * cluster, bytes(cluster, 2));
  await disk.flush();
  const table = firstTable(file);
  const kinds = file.log.map((entry: LogEntry) => {
    if (entry.kind !== 'write') return entry.kind;
    return entry.position >= table && entry.position < table + cluster ? 'table' : 'data';
  });
  expect(kinds).toEqual(['data', 'sync', 'table', 'sync']);
});
