import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EncodingsRewriter, maskOfButtons, relativePointerEvents } from './rfb-messages';

const ascii = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

/** What noVNC says before its first message: version, security type “none”, shared access. */
const handshake = [...ascii('RFB 003.008\n'), 1, 1];

function setEncodings(...encodings: number[]): number[] {
  const view = new DataView(new ArrayBuffer(4 + 4 * encodings.length));
  view.setUint8(0, 2);
  view.setUint16(2, encodings.length);
  encodings.forEach((encoding, index) => view.setInt32(4 + 4 * index, encoding));
  return [...new Uint8Array(view.buffer)];
}

const pixelFormat = [0, ...new Array<number>(19).fill(2)];
const updateRequest = [3, 1, 0, 0, 0, 0, 2, 128, 1, 224];
const key = [4, 1, 0, 0, 0, 0, 0, 97];
const qemuKey = [255, 0, 0, 1, 0, 0, 0, 97, 0, 0, 0, 30];
const pointer = [5, 1, 0, 2, 0, 3];
const extendedPointer = [5, 0x81, 0, 2, 0, 3, 1];
const cutText = [6, 0, 0, 0, 0, 0, 0, 2, 2, 0];
const extendedCutText = [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xfc, 2, 0, 0, 0];
const fence = [248, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0];
const desktopSize = [251, 0, 4, 0, 3, 0, 1, 0, ...new Array<number>(16).fill(2)];
const others = [
  pixelFormat,
  updateRequest,
  key,
  qemuKey,
  pointer,
  extendedPointer,
  cutText,
  extendedCutText,
  fence,
  desktopSize,
];

function rewriteInPieces(bytes: number[], cuts: number[]): number[] {
  const rewriter = new EncodingsRewriter();
  const out: number[] = [];
  let at = 0;
  for (const end of [...cuts].sort((a, b) => a - b).concat(bytes.length)) {
    out.push(...rewriter.rewrite(Uint8Array.from(bytes.slice(at, end))));
    at = end;
  }
  return out;
}

describe('EncodingsRewriter', () => {
  it('adds the pointer pseudo-encoding to SetEncodings and changes nothing else, however the bytes are cut', () => {
    const message = fc.oneof(
      fc.constantFrom(...others).map((bytes) => ({ sent: bytes, expected: bytes })),
      fc.array(fc.integer({ min: -400, max: 30 }), { maxLength: 40 }).map((encodings) => ({
        sent: setEncodings(...encodings),
        expected: setEncodings(...encodings, -257),
      })),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (messages, numbers) => {
        const sent = [...handshake, ...messages.flatMap((one) => one.sent)];
        const expected = [...handshake, ...messages.flatMap((one) => one.expected)];
        const cuts = [...numbers.take(8)].map((number) => number % (sent.length + 1));
        expect(rewriteInPieces(sent, cuts)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('does not take a byte 2 of the handshake for a message', () => {
    const rewriter = new EncodingsRewriter();
    // VNC authentication: a response of 16 bytes follows the security type
    const start = [...ascii('RFB 003.008\n'), 2, ...new Array<number>(16).fill(2), 1];
    expect([...rewriter.rewrite(Uint8Array.from(start))]).toEqual(start);
    expect(rewriter.inMessages).toBe(true);
    expect([...rewriter.rewrite(Uint8Array.from(setEncodings(0)))]).toEqual(setEncodings(0, -257));
  });

  it('lets messages in between only where one ends', () => {
    const rewriter = new EncodingsRewriter();
    expect(rewriter.inMessages).toBe(false);
    rewriter.rewrite(Uint8Array.from(handshake));
    expect(rewriter.inMessages).toBe(true);
    rewriter.rewrite(Uint8Array.from(key.slice(0, 3)));
    expect(rewriter.inMessages).toBe(false);
    rewriter.rewrite(Uint8Array.from(key.slice(3)));
    expect(rewriter.inMessages).toBe(true);
  });

  it('passes everything on after something that it does not know', () => {
    const rewriter = new EncodingsRewriter();
    rewriter.rewrite(Uint8Array.from(handshake));
    const unknown = [77, 1, 2, 3, ...setEncodings(0)];
    expect([...rewriter.rewrite(Uint8Array.from(unknown))]).toEqual(unknown);
    expect(rewriter.inMessages).toBe(false);
  });
});

describe('relativePointerEvents', () => {
  it('carries the movement plus 0x7fff', () => {
    expect(relativePointerEvents(4, 1, -2).map((event) => [...event])).toEqual([
      [5, 4, 0x80, 0x00, 0x7f, 0xfd],
    ]);
  });

  it('sends even no movement, for the buttons', () => {
    expect(relativePointerEvents(1, 0, 0).map((event) => [...event])).toEqual([
      [5, 1, 0x7f, 0xff, 0x7f, 0xff],
    ]);
  });

  it('splits long ways into steps that add up', () => {
    const far = fc.integer({ min: -100_000, max: 100_000 });
    fc.assert(
      fc.property(far, far, (dx, dy) => {
        let x = 0;
        let y = 0;
        for (const event of relativePointerEvents(0, dx, dy)) {
          const view = new DataView(event.buffer);
          const stepX = view.getUint16(2) - 0x7fff;
          const stepY = view.getUint16(4) - 0x7fff;
          expect(Math.max(Math.abs(stepX), Math.abs(stepY))).toBeLessThanOrEqual(2001);
          x += stepX;
          y += stepY;
        }
        expect([x, y]).toEqual([dx, dy]);
      }),
    );
  });
});

describe('maskOfButtons', () => {
  it('swaps the middle and the right button', () => {
    expect(maskOfButtons(1)).toBe(1);
    expect(maskOfButtons(2)).toBe(4);
    expect(maskOfButtons(4)).toBe(2);
    expect(maskOfButtons(7)).toBe(7);
    expect(maskOfButtons(8)).toBe(0);
  });
});
