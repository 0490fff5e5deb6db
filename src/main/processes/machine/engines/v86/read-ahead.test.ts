import { describe, expect, it } from 'vitest';
import type { BlockDevice } from '../../../../disks/block-device';
import { blockSize, ReadAhead } from './read-ahead';

function countingDevice(size: number) {
  const bytes = new Uint8Array(size).map((_, index) => index ^ (index >> 8));
  const reads: number[] = [];
  let fault: Error | undefined;
  const device: BlockDevice = {
    size,
    readOnly: true,
    async read(offset, length) {
      reads.push(offset / blockSize);
      if (fault) throw fault;
      if (offset + length > size) throw new Error('out of range');
      return bytes.slice(offset, offset + length);
    },
    async readInto(offset, into) {
      into.set(await device.read(offset, into.length));
    },
    write: () => Promise.reject(new Error('read-only')),
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  return { bytes, reads, device, fail: (error?: Error) => (fault = error) };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('ReadAhead', () => {
  it('gives the same bytes as the device, across blocks and up to the end', async () => {
    const size = 3 * blockSize + 1000;
    const { bytes, device } = countingDevice(size);
    const cache = new ReadAhead(device);
    for (const [offset, length] of [
      [0, 10],
      [blockSize - 5, 10],
      [blockSize - 1, blockSize + 2],
      [size - 10, 10],
      [0, size],
    ] as const) {
      const data = await cache.read(offset, length);
      expect(Buffer.from(data).equals(bytes.subarray(offset, offset + length))).toBe(true);
      expect(cache.peek(offset, length)?.length ?? length).toBe(length);
    }
  });

  it('reads each block once, and the next before it is asked for', async () => {
    const { reads, device } = countingDevice(4 * blockSize);
    const cache = new ReadAhead(device);
    expect(cache.peek(0, 2048)).toBeUndefined();
    await Promise.all([cache.read(0, 2048), cache.read(2048, 2048)]);
    await settle();
    for (let offset = 0; offset < 2 * blockSize; offset += 2048) {
      expect(cache.peek(offset, 2048)).toBeDefined();
      await settle();
    }
    expect(reads).toEqual([0, 1, 2]);
  });

  it('forgets the oldest, so that it never grows beyond 16 MiB', async () => {
    const { device } = countingDevice(70 * blockSize);
    const cache = new ReadAhead(device);
    for (let index = 0; index < 70; index++) await cache.read(index * blockSize, 1);
    expect(cache.peek(0, 1)).toBeUndefined();
    expect(cache.peek(69 * blockSize, 1)).toBeDefined();
  });

  it('passes a fault on to who wants the bytes, and tries again the next time', async () => {
    const { device, fail } = countingDevice(2 * blockSize);
    const cache = new ReadAhead(device);
    fail(new Error('unplugged'));
    await expect(cache.read(0, 10)).rejects.toThrow('unplugged');
    fail();
    expect(await cache.read(0, 10)).toHaveLength(10);
  });
});
