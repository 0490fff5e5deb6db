import type { Rect } from '../display/frame-buffer';

/** How a client wants pixels: RFC 6143 section 7.4. */
export interface PixelFormat {
  bitsPerPixel: 8 | 16 | 32;
  depth: number;
  bigEndian: boolean;
  redMax: number;
  greenMax: number;
  blueMax: number;
  redShift: number;
  greenShift: number;
  blueShift: number;
}

/** The frame buffer's own format: red, green, blue and one unused byte. */
export const nativeFormat: PixelFormat = {
  bitsPerPixel: 32,
  depth: 24,
  bigEndian: false,
  redMax: 255,
  greenMax: 255,
  blueMax: 255,
  redShift: 0,
  greenShift: 8,
  blueShift: 16,
};

export const pixelFormatLength = 16;

export function writePixelFormat(format: PixelFormat): Uint8Array {
  const out = new Uint8Array(pixelFormatLength);
  const view = new DataView(out.buffer);
  out[0] = format.bitsPerPixel;
  out[1] = format.depth;
  out[2] = format.bigEndian ? 1 : 0;
  out[3] = 1;
  view.setUint16(4, format.redMax);
  view.setUint16(6, format.greenMax);
  view.setUint16(8, format.blueMax);
  out[10] = format.redShift;
  out[11] = format.greenShift;
  out[12] = format.blueShift;
  return out;
}

/** The format in 16 bytes, or nothing if it is impossible or uses a colour map. */
export function readPixelFormat(view: DataView): PixelFormat | undefined {
  const bitsPerPixel = view.getUint8(0);
  const trueColour = view.getUint8(3) !== 0;
  if (!trueColour || (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32)) return undefined;
  const format: PixelFormat = {
    bitsPerPixel,
    depth: view.getUint8(1),
    bigEndian: view.getUint8(2) !== 0,
    redMax: view.getUint16(4),
    greenMax: view.getUint16(6),
    blueMax: view.getUint16(8),
    redShift: view.getUint8(10),
    greenShift: view.getUint8(11),
    blueShift: view.getUint8(12),
  };
  const fits = (max: number, shift: number) => max > 0 && shift < 32 && max * 2 ** shift < 2 ** bitsPerPixel;
  const possible =
    fits(format.redMax, format.redShift) &&
    fits(format.greenMax, format.greenShift) &&
    fits(format.blueMax, format.blueShift);
  return possible ? format : undefined;
}

/** Copies pixels of a frame to `out` from `offset` on, in a client's format. */
export interface PixelWriter {
  readonly bytesPerPixel: number;
  /** @param pixels the frame's, in rows of `stride`; `rect` lies inside */
  write(pixels: Uint32Array, stride: number, rect: Rect, out: Uint8Array, offset: number): void;
}

/** Memory order is the same, so rows are copied as they are. */
const nativeWriter: PixelWriter = {
  bytesPerPixel: 4,
  write(pixels, stride, { x, y, width, height }, out, offset) {
    const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    if (width === stride) {
      out.set(bytes.subarray(y * stride * 4, (y + height) * stride * 4), offset);
      return;
    }
    for (let line = 0; line < height; line++) {
      const from = ((y + line) * stride + x) * 4;
      out.set(bytes.subarray(from, from + width * 4), offset + line * width * 4);
    }
  },
};

function swapBytes(value: number, bitsPerPixel: number): number {
  if (bitsPerPixel === 8) return value;
  if (bitsPerPixel === 16) return ((value & 0xff) << 8) | (value >>> 8);
  return ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

/** For each value 0 to 255 of a channel the bits that it sets in a pixel, in this processor's byte order. */
function channelTable(format: PixelFormat, max: number, shift: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, value) => {
    const bits = Math.round((value * max) / 255) << shift;
    return format.bigEndian ? swapBytes(bits >>> 0, format.bitsPerPixel) : bits;
  });
}

/** Chooses how to write pixels in `format`: a plain copy where that is the frame's own, else by tables. */
export function pixelWriter(format: PixelFormat): PixelWriter {
  const { bitsPerPixel, bigEndian, redMax, greenMax, blueMax, redShift, greenShift, blueShift } = format;
  const eightBits = bitsPerPixel === 32 && redMax === 255 && greenMax === 255 && blueMax === 255;
  const inOrder = bigEndian
    ? redShift === 24 && greenShift === 16 && blueShift === 8
    : redShift === 0 && greenShift === 8 && blueShift === 16;
  if (eightBits && inOrder) return nativeWriter;

  const red = channelTable(format, redMax, redShift);
  const green = channelTable(format, greenMax, greenShift);
  const blue = channelTable(format, blueMax, blueShift);
  const bytesPerPixel = bitsPerPixel / 8;
  return {
    bytesPerPixel,
    write(pixels, stride, { x, y, width, height }, out, offset) {
      // A typed array has to be aligned, and a rectangle's pixels follow its header at any offset.
      const buffer = new ArrayBuffer(width * height * bytesPerPixel);
      const values =
        bitsPerPixel === 32
          ? new Int32Array(buffer)
          : bitsPerPixel === 16
            ? new Uint16Array(buffer)
            : new Uint8Array(buffer);
      let to = 0;
      for (let line = 0; line < height; line++) {
        let from = (y + line) * stride + x;
        for (let column = 0; column < width; column++) {
          const pixel = pixels[from++] ?? 0;
          values[to++] =
            (red[pixel & 0xff] ?? 0) | (green[(pixel >> 8) & 0xff] ?? 0) | (blue[(pixel >> 16) & 0xff] ?? 0);
        }
      }
      out.set(new Uint8Array(buffer), offset);
    },
  };
}
