import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodePng, type Picture } from './png';
import { shrink, thumbnailPng } from './thumbnail';

/** CRC-32 as annex D of the PNG specification gives it, bit by bit. */
function crc(data: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of data) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  }
  return ~value >>> 0;
}

/** Reads the kind of PNG that `encodePng` makes; every checksum has to be right. */
function decode(png: Uint8Array): { width: number; height: number; rgb: number[] } {
  const file = Buffer.from(png);
  expect([...file.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length;) {
    const length = file.readUInt32BE(at);
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc(file.subarray(at + 4, at + 8 + length)));
    chunks.set(file.toString('latin1', at + 4, at + 8), file.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR') ?? Buffer.alloc(13);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  expect([...header.subarray(8)]).toEqual([8, 2, 0, 0, 0]);
  const data = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
  expect(data.length).toBe((width * 3 + 1) * height);
  const rgb = [...data].filter((_, index) => index % (width * 3 + 1) !== 0);
  return { width, height, rgb };
}

function pictureOf(width: number, height: number, byte: (index: number) => number): Picture {
  return { width, height, bytes: Uint8Array.from({ length: width * height * 4 }, (_, index) => byte(index)) };
}

it('encodes pictures that decode to the same colours', async () => {
  const side = fc.integer({ min: 1, max: 40 });
  await fc.assert(
    fc.asyncProperty(side, side, fc.integer(), async (width, height, seed) => {
      const picture = pictureOf(width, height, (index) => (index * seed) >>> 3);
      const decoded = decode(await encodePng(picture));
      const rgb = [...picture.bytes].filter((_, index) => index % 4 !== 3);
      expect(decoded).toEqual({ width, height, rgb });
    }),
    { numRuns: 30 },
  );
});

it('makes thumbnails that fit and keep their proportions', async () => {
  const { width, height, rgb } = decode(
    await thumbnailPng(
      pictureOf(720, 400, () => 200),
      320,
      240,
    ),
  );
  expect([width, height]).toEqual([320, 178]);
  expect(rgb.every((value) => value === 200)).toBe(true);
});

it('averages the pixels that become one', () => {
  const bytes = Uint8Array.of(0, 10, 20, 255, 100, 30, 20, 255, 50, 20, 20, 255, 50, 20, 20, 255);
  expect(shrink({ width: 2, height: 2, bytes }, 1, 1)).toEqual({
    width: 1,
    height: 1,
    bytes: Uint8Array.of(50, 20, 20, 255),
  });
});

it('enlarges nothing and keeps one pixel of what is very thin', () => {
  const little = pictureOf(3, 2, () => 7);
  expect(shrink(little, 320, 240)).toBe(little);
  const thin = shrink(
    pictureOf(1000, 1, () => 9),
    100,
    100,
  );
  expect([thin.width, thin.height, thin.bytes[0]]).toEqual([100, 1, 9]);
});
