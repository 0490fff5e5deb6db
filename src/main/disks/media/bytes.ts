/** Reading numbers and text out of bytes that may be shorter than they should be: missing bytes read as 0. */

export const byte = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;

export const le16 = (bytes: Uint8Array, at: number): number => byte(bytes, at) | (byte(bytes, at + 1) << 8);

export const le32 = (bytes: Uint8Array, at: number): number =>
  (le16(bytes, at) | (le16(bytes, at + 2) << 16)) >>> 0;

/** Exact up to 2^53; what is larger is not a size of anything that exists. */
export const le64 = (bytes: Uint8Array, at: number): number =>
  le32(bytes, at) + le32(bytes, at + 4) * 0x1_0000_0000;

export const be32 = (bytes: Uint8Array, at: number): number =>
  ((byte(bytes, at) << 24) |
    (byte(bytes, at + 1) << 16) |
    (byte(bytes, at + 2) << 8) |
    byte(bytes, at + 3)) >>>
  0;

export const be64 = (bytes: Uint8Array, at: number): number =>
  be32(bytes, at) * 0x1_0000_0000 + be32(bytes, at + 4);

/** One character per byte (ISO 8859-1), which compares well with signatures. */
export function latin1(bytes: Uint8Array, at = 0, length = bytes.length - at): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', at, at + length);
}

export function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: false }).decode(bytes);
}

/** Whether `signature` (one character per byte) stands at `at`. */
export function startsWith(bytes: Uint8Array, signature: string, at = 0): boolean {
  return bytes.length >= at + signature.length && latin1(bytes, at, signature.length) === signature;
}

/** Text of a fixed field for a person: control characters gone, white space collapsed, at most `max` characters. */
export function plainText(text: string, max = 200): string {
  return text
    .replace(/[\p{C}\uFFFD]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, max);
}
