import type { FrameBuffer, Rect } from '../display/frame-buffer';
import { Deflater } from './deflater';
import type { PixelWriter } from './pixel-format';
import { encoding, framebufferUpdate } from './protocol';

const updateHeaderLength = 4;
const rectHeaderLength = 12;

/** Fewer bytes of pixels than this are not worth compressing. */
const zlibFrom = 1024;
/** More rectangles than this become one: each that is compressed costs a turn in the thread pool. */
const zlibRects = 16;

function writeUpdateHeader(view: DataView, count: number): void {
  view.setUint8(0, framebufferUpdate);
  view.setUint16(2, count);
}

function writeRectHeader(view: DataView, offset: number, rect: Rect, type: number): void {
  view.setUint16(offset, rect.x);
  view.setUint16(offset + 2, rect.y);
  view.setUint16(offset + 4, rect.width);
  view.setUint16(offset + 6, rect.height);
  view.setInt32(offset + 8, type);
}

/** An update of one rectangle that carries no pixels, but a notice (a pseudo-encoding). */
export function encodeNotice(rect: Rect, type: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const out = new Uint8Array(updateHeaderLength + rectHeaderLength + payload.length);
  const view = new DataView(out.buffer);
  writeUpdateHeader(view, 1);
  writeRectHeader(view, updateHeaderLength, rect, type);
  out.set(payload, updateHeaderLength + rectHeaderLength);
  return out;
}

/** An update in the encoding Raw: one copy of the pixels. The rectangles lie inside the frame. */
export function encodeRaw(frame: FrameBuffer, rects: readonly Rect[], writer: PixelWriter): Uint8Array {
  const lengths = rects.map(({ width, height }) => width * height * writer.bytesPerPixel);
  const total = lengths.reduce((sum, length) => sum + rectHeaderLength + length, updateHeaderLength);
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  writeUpdateHeader(view, rects.length);
  let offset = updateHeaderLength;
  rects.forEach((rect, index) => {
    writeRectHeader(view, offset, rect, encoding.raw);
    offset += rectHeaderLength;
    writer.write(frame.pixels, frame.width, rect, out, offset);
    offset += lengths[index] ?? 0;
  });
  return out;
}

function boundingRect(rects: readonly Rect[]): Rect {
  const x = Math.min(...rects.map((rect) => rect.x));
  const y = Math.min(...rects.map((rect) => rect.y));
  const right = Math.max(...rects.map((rect) => rect.x + rect.width));
  const bottom = Math.max(...rects.map((rect) => rect.y + rect.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** Updates in the encoding Zlib (one stream for the whole connection); small rectangles stay Raw. */
export class ZlibEncoder {
  readonly #deflater = new Deflater();

  /** The pixels are taken before this returns. One call at a time. */
  encode(frame: FrameBuffer, rects: readonly Rect[], writer: PixelWriter): Promise<Uint8Array> {
    const chosen = rects.length > zlibRects ? [boundingRect(rects)] : rects;
    const pieces = chosen.map((rect) => {
      const pixels = new Uint8Array(rect.width * rect.height * writer.bytesPerPixel);
      writer.write(frame.pixels, frame.width, rect, pixels, 0);
      return { rect, pixels };
    });
    return this.#compress(pieces);
  }

  destroy(): void {
    this.#deflater.destroy();
  }

  async #compress(pieces: { rect: Rect; pixels: Uint8Array }[]): Promise<Uint8Array> {
    const header = new Uint8Array(updateHeaderLength);
    writeUpdateHeader(new DataView(header.buffer), pieces.length);
    const parts: Uint8Array[] = [header];
    for (const { rect, pixels } of pieces) {
      const compressed = pixels.length >= zlibFrom;
      const data = compressed ? await this.#deflater.deflate(pixels) : pixels;
      const head = new Uint8Array(rectHeaderLength + (compressed ? 4 : 0));
      const view = new DataView(head.buffer);
      writeRectHeader(view, 0, rect, compressed ? encoding.zlib : encoding.raw);
      if (compressed) view.setUint32(rectHeaderLength, data.length);
      parts.push(head, data);
    }
    return Buffer.concat(parts);
  }
}
