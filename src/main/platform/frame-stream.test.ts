import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framed, FrameReader, FramingError, frameLength, prefixLength } from './frame-stream';

/** Takes frames out of chunks and notes them. */
function collector() {
  const frames: Buffer[] = [];
  const reader = new FrameReader((chunk, start) => {
    let position = start;
    while (chunk.length - position >= prefixLength) {
      const end = position + prefixLength + frameLength(chunk, position);
      if (end > chunk.length) break;
      frames.push(Buffer.from(chunk.subarray(position + prefixLength, end)));
      position = end;
    }
    return position;
  });
  return { frames, reader };
}

const frame = fc.uint8Array({ minLength: 14, maxLength: 300 });

describe('the framing of stream sockets', () => {
  it('finds every frame however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }),
        (sent, cuts) => {
          const stream = Buffer.concat(sent.map(framed));
          const { frames, reader } = collector();
          let index = 0;
          for (let position = 0; position < stream.length; index++) {
            const length = cuts[index % cuts.length] ?? 1;
            reader.push(stream.subarray(position, position + length));
            position += length;
          }
          expect(frames.map((bytes) => [...bytes])).toEqual(sent.map((bytes) => [...bytes]));
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([0, 13, 65_558, 0xffffffff])(
    'refuses a frame of %d bytes, also when it comes byte by byte',
    (length) => {
      const prefix = Buffer.alloc(4);
      prefix.writeUInt32BE(length);
      expect(() => collector().reader.push(Buffer.concat([prefix, Buffer.alloc(60)]))).toThrow(FramingError);
      const { reader } = collector();
      expect(() => {
        for (const byte of prefix) reader.push(Buffer.of(byte));
        reader.push(Buffer.alloc(1));
      }).toThrow(FramingError);
    },
  );
});
