import { checksum } from '../ethernet/checksum';
import { headerLength } from '../ethernet/frame';
import { hopLimit, type IpFragment } from '../ip/ip';

/** IPv4 (RFC 791). */
export const ipv4HeaderLength = 20;
export const longestIpv4Payload = 65_535 - ipv4HeaderLength;
/** Where the payload of a packet without options begins in its frame. */
export const payloadStart = headerLength + ipv4HeaderLength;

export type Ipv4Packet = IpFragment<number>;

/** The packet that begins at `start`; undefined when its header or its checksum is wrong. */
export function parseIpv4Packet(bytes: Buffer, start: number): Ipv4Packet | undefined {
  if (bytes.length - start < ipv4HeaderLength) return undefined;
  const first = bytes[start]!;
  const length = (first & 15) * 4;
  const total = (bytes[start + 2]! << 8) | bytes[start + 3]!;
  if (first >>> 4 !== 4 || length < ipv4HeaderLength || total < length || start + total > bytes.length) {
    return undefined;
  }
  if (checksum(bytes, start, start + length) !== 0) return undefined;
  const fragment = (bytes[start + 6]! << 8) | bytes[start + 7]!;
  return {
    bytes,
    header: start,
    payload: start + length,
    end: start + total,
    source: bytes.readUInt32BE(start + 12),
    destination: bytes.readUInt32BE(start + 16),
    protocol: bytes[start + 9]!,
    hops: bytes[start + 8]!,
    identification: (bytes[start + 4]! << 8) | bytes[start + 5]!,
    fragmentOffset: (fragment & 0x1fff) * 8,
    moreFragments: (fragment & 0x2000) !== 0,
  };
}

export interface Ipv4Header {
  source: number;
  destination: number;
  protocol: number;
  /** Of the payload, in bytes. */
  length: number;
  identification: number;
  /** The field as it stands in the header: flags, and the offset in units of eight bytes. */
  fragment: number;
}

/** Bit 14 of the fragment field: the packet must not be cut up. */
export const dontFragment = 0x4000;
export const moreFragments = 0x2000;

/** Writes a header without options at `start`. */
export function writeIpv4Header(bytes: Buffer, start: number, header: Ipv4Header): void {
  bytes[start] = 0x45;
  bytes[start + 1] = 0;
  bytes.writeUInt16BE(ipv4HeaderLength + header.length, start + 2);
  bytes.writeUInt16BE(header.identification, start + 4);
  bytes.writeUInt16BE(header.fragment, start + 6);
  bytes[start + 8] = hopLimit;
  bytes[start + 9] = header.protocol;
  bytes.writeUInt16BE(0, start + 10);
  bytes.writeUInt32BE(header.source, start + 12);
  bytes.writeUInt32BE(header.destination, start + 16);
  bytes.writeUInt16BE(checksum(bytes, start, start + ipv4HeaderLength), start + 10);
}
