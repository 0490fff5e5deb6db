import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findZstd } from '../saved-state/codec';
import { measureZstdFrame } from './zstd-frame';

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

describe('a Zstandard frame', () => {
  it('ends where it says, whatever follows', async () => {
    const zstd = await findZstd();
    if (!zstd) throw new Error('There is no Zstandard in this Node.');
    for (const data of [
      new Uint8Array(4096),
      new Uint8Array(randomBytes(300_000)),
      new Uint8Array(70).fill(7),
    ]) {
      const packed = await zstd.compress(data);
      const { length, contents = data.length } = measureZstdFrame(joined(packed, randomBytes(600)));
      expect(length).toBe(packed.length);
      expect(contents).toBe(data.length);
    }
  });

  it('is refused when it is cut off, or none', async () => {
    const packed = await (await findZstd())?.compress(new Uint8Array(randomBytes(5000)));
    if (!packed) throw new Error('There is no Zstandard in this Node.');
    for (const length of [3, 5, 8, 100, packed.length - 1]) {
      expect(() => measureZstdFrame(packed.subarray(0, length))).toThrow(RangeError);
    }
    expect(() => measureZstdFrame(new Uint8Array(600))).toThrow(RangeError);
  });

  it('of a size that is not true is found out before room is made for it', () => {
    const claims = new Uint8Array(600);
    const view = new DataView(claims.buffer);
    view.setUint32(0, 0xfd2fb528, true);
    // A single segment that says how long it is in eight bytes, and one raw block of nothing.
    view.setUint8(4, 0xe0);
    view.setBigUint64(5, 1n << 40n, true);
    view.setUint8(13, 1);
    expect(measureZstdFrame(claims)).toEqual({ length: 16, contents: 2 ** 40 });
    view.setUint8(13, 7);
    expect(() => measureZstdFrame(claims)).toThrow('reserved');
  });
});
