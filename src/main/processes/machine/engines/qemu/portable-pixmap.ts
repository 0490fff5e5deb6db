import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

/** Sides of a screen that are believed, in pixels. */
const maxSide = 16_384;

/**
 * Reads a binary PPM file with 8 bits a channel, as QEMU's `screendump` writes it (netpbm's `ppm(5)`).
 * @returns pixels as R, G, B, A
 * @throws Failure `engine.failed`
 */
export function readPixmap(data: Uint8Array): { width: number; height: number; rgba: Uint8Array } {
  const head = Buffer.from(data.subarray(0, 64)).toString('latin1');
  const match = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(head);
  const [width, height] = [Number(match?.[1]), Number(match?.[2])];
  const start = match?.[0].length ?? 0;
  const pixels = width * height;
  if (!match || width > maxSide || height > maxSide || data.length !== start + 3 * pixels) {
    throw new Failure('engine.failed', phrase('qemuTalk.picture'));
  }
  const rgba = new Uint8Array(4 * pixels);
  for (let from = start, to = 0; to < rgba.length; from += 3, to += 4) {
    rgba[to] = data[from] ?? 0;
    rgba[to + 1] = data[from + 1] ?? 0;
    rgba[to + 2] = data[from + 2] ?? 0;
    rgba[to + 3] = 255;
  }
  return { width, height, rgba };
}
