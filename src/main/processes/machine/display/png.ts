import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';

const deflateAsync = promisify(deflate);
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Pixels whose bytes are red, green, blue, alpha, row by row without gaps. */
export interface Picture {
  width: number;
  height: number;
  bytes: Uint8Array;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  out.set(data, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
}

/** The picture's rows without alpha, each after the byte that names its filter (none): PNG section 9. */
function toScanlines({ width, height, bytes }: Picture): Buffer {
  const out = Buffer.allocUnsafe((width * 3 + 1) * height);
  let to = 0;
  let from = 0;
  for (let y = 0; y < height; y++) {
    out[to++] = 0;
    for (let x = 0; x < width; x++, from += 4) {
      out[to++] = bytes[from] ?? 0;
      out[to++] = bytes[from + 1] ?? 0;
      out[to++] = bytes[from + 2] ?? 0;
    }
  }
  return out;
}

/**
 * Encodes a picture as PNG (ISO/IEC 15948), 8 bits a channel, without alpha: a screen is opaque. The pixels are
 * taken before the first `await`; compressing happens off this thread.
 */
export async function encodePng(picture: Picture): Promise<Uint8Array> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(picture.width, 0);
  header.writeUInt32BE(picture.height, 4);
  header[8] = 8;
  header[9] = 2;
  const compressed = await deflateAsync(toScanlines(picture), { level: 6 });
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', compressed),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
