import { afterEach, describe, expect, it, vi } from 'vitest';
import fc from 'fast-check';
import { Failure } from '@shared/errors';
import type { BlockDevice } from '../../../../disks/block-device';
import { Problems } from '../../problems';
import { floppySize, GuestDisk } from './disk';

/** A disk in memory whose requests take as long as a test wants. */
class SlowDevice implements BlockDevice {
  readonly readOnly: boolean;
  readonly bytes: Uint8Array;
  fault: Failure | undefined;
  flushes = 0;
  closed = false;
  gate: Promise<void> | undefined;
  readonly log: string[] = [];

  constructor(size = 4096, readOnly = false) {
    this.bytes = new Uint8Array(size);
    this.readOnly = readOnly;
  }

  get size(): number {
    return this.bytes.length;
  }

  async readInto(offset: number, into: Uint8Array): Promise<void> {
    into.set(await this.read(offset, into.length));
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.log.push(`read ${offset}`);
    await this.gate;
    if (this.fault) throw this.fault;
    return this.bytes.slice(offset, offset + length);
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    this.log.push(`write ${offset}`);
    await this.gate;
    if (this.fault) throw this.fault;
    this.bytes.set(data, offset);
  }

  async flush(): Promise<void> {
    if (this.fault) throw this.fault;
    this.flushes++;
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const full = new Failure('file.no-space', 'full');

function setUp(device = new SlowDevice()) {
  const reported: string[] = [];
  const problems = new Problems((problem) => reported.push(problem.code));
  const slow: boolean[] = [];
  const traps: unknown[] = [];
  const host = {
    problems,
    slow: (_: GuestDisk, isSlow: boolean) => slow.push(isSlow),
    trap: (e: unknown) => traps.push(e),
  };
  const disk = new GuestDisk('disk0', device, host);
  const get = (offset: number, length: number) =>
    new Promise<Uint8Array>((resolve) => disk.get(offset, length, resolve));
  const set = (offset: number, data: Uint8Array) =>
    new Promise<void>((resolve) => disk.set(offset, data, resolve));
  return { device, disk, problems, reported, slow, traps, get, set };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('GuestDisk', () => {
  it('reads and writes, and copies what v86 will use again', async () => {
    const { device, disk, get, set } = setUp();
    const data = Uint8Array.of(1, 2, 3);
    const written = set(10, data);
    data.fill(9);
    await written;
    expect([...device.bytes.subarray(9, 14)]).toEqual([0, 1, 2, 3, 0]);
    expect([...(await get(10, 3))]).toEqual([1, 2, 3]);
    expect(disk.counters).toEqual({ readBytes: 3, writeBytes: 3, reads: 1, writes: 1 });
    await disk.close();
  });

  it('reads what was written before, even while that is still under way, and lets other reads pass', async () => {
    const { device, get, set, disk } = setUp();
    let open = (): void => {};
    device.gate = new Promise((resolve) => (open = resolve));
    const written = set(512, new Uint8Array(512).fill(5));
    const same = get(1000, 10);
    const elsewhere = get(2048, 10);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([...device.log].sort()).toEqual(['read 2048', 'write 512']);
    open();
    await written;
    expect([...(await same)]).toEqual(Array(10).fill(5));
    await elsewhere;
    await disk.close();
  });

  it('acts like an array, whatever is asked in whatever order', async () => {
    const request = fc.record({
      kind: fc.constantFrom('get', 'set'),
      offset: fc.nat(900),
      length: fc.integer({ min: 1, max: 100 }),
      value: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 40 }), async (requests) => {
        const { get, set, disk } = setUp(new SlowDevice(1000));
        const model = new Uint8Array(1000);
        await Promise.all(
          requests.map(async ({ kind, offset, length, value }) => {
            if (kind === 'set') {
              model.fill(value, offset, offset + length);
              await set(offset, new Uint8Array(length).fill(value));
            } else {
              const expected = model.slice(offset, offset + length);
              expect([...(await get(offset, length))]).toEqual([...expected]);
            }
          }),
        );
        await disk.close();
      }),
    );
  });

  it('reads zeros behind the end of an image that does not fill its medium', async () => {
    const device = new SlowDevice(1000, true);
    device.bytes.fill(7);
    const { disk, get } = setUp(device);
    expect([...(await get(998, 4))]).toEqual([7, 7, 0, 0]);
    expect([...(await get(2000, 2))]).toEqual([0, 0]);
    expect(disk.byteLength).toBe(1000);
  });

  it('keeps a request that failed until it is tried again', async () => {
    const { device, get, set, problems, reported, disk } = setUp();
    device.fault = full;
    let done = 0;
    void set(0, Uint8Array.of(1)).then(() => done++);
    void set(1, Uint8Array.of(2)).then(() => done++);
    const read = get(100, 1).then(() => done++);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([reported, done, problems.current?.code]).toEqual([['file.no-space'], 0, 'file.no-space']);
    await expect(problems.guard(disk.idle())).rejects.toMatchObject({ code: 'file.no-space' });

    problems.retry();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([reported.length, done]).toEqual([2, 0]);

    device.fault = undefined;
    problems.retry();
    await problems.guard(disk.idle());
    await read;
    expect(done).toBe(3);
    expect([...device.bytes.subarray(0, 2)]).toEqual([1, 2]);
    await disk.close();
  });

  it('gives up what failed when the machine ends', async () => {
    const { device, set, problems, disk, traps } = setUp();
    device.fault = full;
    let done = false;
    void set(0, Uint8Array.of(1)).then(() => (done = true));
    await new Promise((resolve) => setTimeout(resolve, 5));
    problems.abandon();
    await disk.idle();
    await disk.close();
    expect([done, device.closed, traps]).toEqual([false, true, []]);
  });

  it('flushes two seconds after a write, and not without one', async () => {
    vi.useFakeTimers();
    const { device, set, disk } = setUp();
    await disk.flush();
    expect(device.flushes).toBe(0);
    await set(0, Uint8Array.of(1));
    await vi.advanceTimersByTimeAsync(1900);
    expect(device.flushes).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(device.flushes).toBe(1);
    await set(0, Uint8Array.of(1));
    await disk.flush();
    await vi.advanceTimersByTimeAsync(5000);
    expect(device.flushes).toBe(2);
  });

  it('makes the guest wait while the host cannot keep up', async () => {
    const { device, slow, set, disk } = setUp(new SlowDevice(8 * 1024 * 1024));
    let open = (): void => {};
    device.gate = new Promise((resolve) => (open = resolve));
    const piece = new Uint8Array(1024 * 1024);
    const written = Array.from({ length: 34 }, () => set(0, piece));
    expect(slow).toEqual([true]);
    open();
    await Promise.all(written);
    expect(slow).toEqual([true, false]);
    await disk.close();
  });

  it('tells a fault of the emulator that takes the data', async () => {
    const { disk, traps } = setUp();
    disk.get(0, 1, () => {
      throw new Error('unreachable');
    });
    await disk.idle();
    expect(traps).toHaveLength(1);
  });

  it('keeps the first sector at hand, and its size in a saved state', async () => {
    const { device, disk } = setUp();
    device.bytes.set([0x55, 0xaa], 510);
    expect(disk.get_from_cache(0, 512)).toBeUndefined();
    await new Promise((resolve) => disk.get_and_cache(0, 512, resolve));
    expect(disk.get_from_cache(0, 512)?.[511]).toBe(0xaa);
    expect(disk.get_from_cache(512, 512)).toBeUndefined();
    disk.set_state(disk.get_state());
    expect(() => disk.set_state([disk.byteLength + 512])).toThrow(Failure);
    disk.set_state(null);
    expect(disk.restoredEmpty).toBe(true);
  });
});

describe('floppySize', () => {
  it('finds the smallest floppy that holds an image', () => {
    expect(floppySize(1_474_560)).toBe(1_474_560);
    expect(floppySize(100)).toBe(163_840);
    expect(floppySize(1_000_000)).toBe(1_064_960);
    expect(() => floppySize(4 * 1024 * 1024)).toThrow(/does not fit/);
  });
});
