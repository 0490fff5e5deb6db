import type { ByteSource } from './byte-source';
import { byte, latin1, le16, le32, plainText } from './bytes';
import { sectorSize } from './iso9660';

/**
 * The volume identifier of a UDF file system (ECMA-167 part 3, 10.1): from the anchor in sector 256 to the primary
 * volume descriptor. Nothing else of UDF is read.
 */
export async function readUdfVolumeId(source: ByteSource): Promise<string | undefined> {
  const anchor = await source.read(256 * sectorSize, 512);
  if (le16(anchor, 0) !== 2) return undefined;
  const length = Math.min(le32(anchor, 16), 16 * sectorSize);
  const descriptors = await source.read(le32(anchor, 20) * sectorSize, length);
  for (let at = 0; at + 512 <= descriptors.length; at += sectorSize) {
    const tag = le16(descriptors, at);
    if (tag === 8) return undefined; // terminating descriptor
    if (tag === 1) return plainText(dstring(descriptors.subarray(at + 24, at + 56))) || undefined;
  }
  return undefined;
}

/** A `dstring` (ECMA-167 part 1, 7.2.12): the width of a character first, the length in the last byte. */
function dstring(field: Uint8Array): string {
  const text = field.subarray(1, Math.min(byte(field, field.length - 1), field.length - 1));
  if (byte(field, 0) === 8) return latin1(text);
  if (byte(field, 0) !== 16) return '';
  let result = '';
  for (let at = 0; at + 2 <= text.length; at += 2) {
    result += String.fromCharCode((byte(text, at) << 8) | byte(text, at + 1));
  }
  return result;
}
