/** Ethernet II frames (IEEE 802.3, clause 3) without preamble and checksum. */

export const headerLength = 14;
/** Shorter frames are padded; emulated cards drop them otherwise. */
export const shortestFrame = 60;

export const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

export const broadcastMac = 0xffffffffffff;

/** The address at `offset`. Precondition: six bytes are there. */
export function readMac(bytes: Uint8Array, offset: number): number {
  const high = (bytes[offset]! << 8) | bytes[offset + 1]!;
  const low =
    ((bytes[offset + 2]! << 24) |
      (bytes[offset + 3]! << 16) |
      (bytes[offset + 4]! << 8) |
      bytes[offset + 5]!) >>>
    0;
  return high * 4294967296 + low;
}

export function writeMac(bytes: Uint8Array, offset: number, mac: number): void {
  const high = Math.floor(mac / 4294967296);
  const low = mac >>> 0;
  bytes[offset] = high >>> 8;
  bytes[offset + 1] = high;
  bytes[offset + 2] = low >>> 24;
  bytes[offset + 3] = low >>> 16;
  bytes[offset + 4] = low >>> 8;
  bytes[offset + 5] = low;
}

/** Addressed to a group: to several stations, or to all. */
export function isGroup(mac: number): boolean {
  return (Math.floor(mac / 2 ** 40) & 1) === 1;
}

export function etherTypeOf(frame: Uint8Array): number {
  return (frame[12]! << 8) | frame[13]!;
}

export function writeHeader(frame: Uint8Array, destination: number, source: number, etherType: number): void {
  writeMac(frame, 0, destination);
  writeMac(frame, 6, source);
  frame[12] = etherType >>> 8;
  frame[13] = etherType;
}
