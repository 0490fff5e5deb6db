import type { Failure } from '@shared/errors';

/** What the driver wants to know from the header extensions. */
export interface HeaderExtensions {
  /** As QEMU names formats: `raw`, `qcow2` … */
  backingFormat?: string;
  /** The image has persistent bitmaps, which must be kept up to date by whoever writes. */
  bitmaps: boolean;
}

export const extensionType = { end: 0, backingFormat: 0xe2792aca, bitmaps: 0x23852875 };

/** One extension, where it stands in its area. */
export interface PlacedExtension {
  type: number;
  /** Where its type stands; its length and its data follow. */
  position: number;
  data: Uint8Array;
}

/** The list of header extensions in `area`, which begins behind the header; with the mark at its end, where it has one. */
export function* listExtensions(
  area: Uint8Array,
  corrupt: (what: string) => Failure,
): Generator<PlacedExtension> {
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength);
  for (let position = 0; position + 8 <= area.length;) {
    const type = view.getUint32(position);
    const length = view.getUint32(position + 4);
    const start = position + 8;
    if (type === extensionType.end) {
      yield { type, position, data: new Uint8Array(0) };
      return;
    }
    if (length > area.length - start) throw corrupt('a header extension is longer than its place');
    yield { type, position, data: area.subarray(start, start + length) };
    position = start + Math.ceil(length / 8) * 8;
  }
}

/** Reads the list of header extensions in `area`, which begins behind the header. */
export function parseExtensions(area: Uint8Array, corrupt: (what: string) => Failure): HeaderExtensions {
  const found: HeaderExtensions = { bitmaps: false };
  for (const { type, data } of listExtensions(area, corrupt)) {
    if (type === extensionType.backingFormat) found.backingFormat = new TextDecoder().decode(data);
    if (type === extensionType.bitmaps) found.bitmaps = true;
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
