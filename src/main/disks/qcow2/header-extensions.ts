import type { Failure } from '@shared/errors';

/** What the driver wants to know from the header extensions. */
export interface HeaderExtensions {
  /** As QEMU names formats: `raw`, `qcow2` … */
  backingFormat?: string;
  /** The image has persistent bitmaps, which must be kept up to date by whoever writes. */
  bitmaps: boolean;
}

export const extensionType = { end: 0, backingFormat: 0xe2792aca, bitmaps: 0x23852875 };

/** Reads the list of header extensions in `area`, which begins behind the header. */
export function parseExtensions(area: Uint8Array, corrupt: (what: string) => Failure): HeaderExtensions {
  const found: HeaderExtensions = { bitmaps: false };
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength);
  let position = 0;
  while (position + 8 <= area.length) {
    const type = view.getUint32(position);
    const length = view.getUint32(position + 4);
    position += 8;
    if (type === extensionType.end) break;
    if (length > area.length - position) throw corrupt('a header extension is longer than its place');
    const data = area.subarray(position, position + length);
    if (type === extensionType.backingFormat) found.backingFormat = new TextDecoder().decode(data);
    if (type === extensionType.bitmaps) found.bitmaps = true;
    position += Math.ceil(length / 8) * 8;
  }
  return found;
}

/** One extension as it stands in the file. */
export function encodeExtension(type: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + Math.ceil(data.length / 8) * 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type);
  view.setUint32(4, data.length);
  bytes.set(data, 8);
  return bytes;
}
