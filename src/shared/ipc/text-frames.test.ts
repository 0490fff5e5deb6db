import fc from 'fast-check';
import { expect, it } from 'vitest';
import { frameText, longestText, TextFrames } from './text-frames';

function join(parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

it('gives the same texts back, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 6 }),
      fc.array(fc.nat(40), { maxLength: 20 }),
      (texts, cuts) => {
        const heard: string[] = [];
        const frames = new TextFrames((text) => heard.push(text));
        const bytes = join(texts.map(frameText));
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          frames.take(bytes.subarray(at, at + cut));
          at += cut;
        }
        expect(heard).toEqual(texts);
      },
    ),
  );
});

it('passes over what is too long, and keeps nothing of it', () => {
  const heard: string[] = [];
  const frames = new TextFrames((text) => heard.push(text));
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, longestText + 1);
  frames.take(head);
  const piece = new Uint8Array(64 * 1024 + 1);
  for (let sent = 0; sent <= longestText; sent += piece.length) {
    frames.take(piece.subarray(0, Math.min(piece.length, longestText + 1 - sent)));
  }
  frames.take(join([frameText('after'), frameText('')]));
  expect(heard).toEqual(['after', '']);
});
