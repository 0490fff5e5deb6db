import { headerLength } from '../ethernet/frame';
import { hopLimit, type IpFragment, protocols } from '../ip/ip';

/** IPv6 (RFC 8200). */
export const ipv6HeaderLength = 40;
/** Where the payload of a packet without further headers begins in its frame. */
export const payloadStart6 = headerLength + ipv6HeaderLength;
export const longestIpv6Payload = 65_535;
export const fragmentHeaderLength = 8;
export const fragmentHeader = 44;
const hopByHop = 0;
const routing = 43;
const destinationOptions = 60;
/** More headers than these are no honest packet. */
const maxHeaders = 8;

export type Ipv6Packet = IpFragment<string>;

/** The address at `offset`, as a string of bytes. Precondition: 16 bytes are there. */
export function readAddress6(bytes: Buffer, offset: number): string {
  return bytes.toString('latin1', offset, offset + 16);
}

export function writeAddress6(bytes: Buffer, offset: number, address: string): void {
  bytes.write(address, offset, 16, 'latin1');
}

/** All bits but the first are free to choose: several stations (RFC 4291, 2.7). */
export function isMulticast6(address: string): boolean {
  return address.charCodeAt(0) === 0xff;
}

/**
 * The packet that begins at `start`, with `payload` behind all headers that are not those of a protocol; undefined
 * when it is none, or asks to be passed on by a way of its own choice (RFC 5095).
 */
export function parseIpv6Packet(bytes: Buffer, start: number): Ipv6Packet | undefined {
  if (bytes.length - start < ipv6HeaderLength || bytes[start]! >>> 4 !== 6) return undefined;
  const end = start + ipv6HeaderLength + bytes.readUInt16BE(start + 4);
  if (end > bytes.length) return undefined;
  const packet: Ipv6Packet = {
    bytes,
    header: start,
    payload: start + ipv6HeaderLength,
    end,
    source: readAddress6(bytes, start + 8),
    destination: readAddress6(bytes, start + 24),
    protocol: bytes[start + 6]!,
    hops: bytes[start + 7]!,
    identification: 0,
    fragmentOffset: 0,
    moreFragments: false,
  };
  return skipHeaders(packet) ? packet : undefined;
}

/** Goes on to the payload of a packet that was put together: there may be headers in it. */
export function skipHeaders(packet: Ipv6Packet): boolean {
  const { bytes, end } = packet;
  for (let count = 0; count < maxHeaders; count++) {
    const { protocol, payload } = packet;
    if (protocol !== hopByHop && protocol !== routing && protocol !== destinationOptions) {
      if (protocol !== fragmentHeader) return true;
      return takeFragmentHeader(packet);
    }
    if (end - payload < 8) return false;
    if (protocol === routing && bytes[payload + 3] !== 0) return false;
    const next = payload + 8 * (bytes[payload + 1]! + 1);
    if (next > end) return false;
    packet.protocol = bytes[payload]!;
    packet.payload = next;
  }
  return false;
}

function takeFragmentHeader(packet: Ipv6Packet): boolean {
  const { bytes, payload, end } = packet;
  if (end - payload < fragmentHeaderLength) return false;
  const field = bytes.readUInt16BE(payload + 2);
  packet.protocol = bytes[payload]!;
  packet.identification = bytes.readUInt32BE(payload + 4);
  packet.fragmentOffset = field & 0xfff8;
  packet.moreFragments = (field & 1) !== 0;
  packet.payload = payload + fragmentHeaderLength;
  // A “fragment” that is the whole packet needs no putting together (RFC 6946).
  return packet.fragmentOffset > 0 || packet.moreFragments || skipHeaders(packet);
}

/** Writes the fixed header at `start`; `length` is that of all that follows it, in bytes. */
export function writeIpv6Header(
  bytes: Buffer,
  start: number,
  header: { source: string; destination: string; protocol: number; length: number; hops?: number },
): void {
  bytes.writeUInt32BE(0x60000000, start);
  bytes.writeUInt16BE(header.length, start + 4);
  bytes[start + 6] = header.protocol;
  bytes[start + 7] = header.hops ?? hopLimit;
  writeAddress6(bytes, start + 8, header.source);
  writeAddress6(bytes, start + 24, header.destination);
}

/** Whether errors may be sent about a packet (RFC 4443, 2.4 e). */
export function mayComplainAbout6({
  bytes,
  payload,
  end,
  protocol,
  source,
  destination,
}: {
  bytes: Buffer;
  payload: number;
  end: number;
  protocol: number;
  source: string;
  destination: string;
}): boolean {
  if (isMulticast6(destination) || isMulticast6(source) || source === unspecified6) return false;
  // Of ICMPv6 only about questions, which have types of 128 and above.
  return protocol !== protocols.icmpv6 || (end > payload && bytes[payload]! >= 128);
}

export const unspecified6 = '\0'.repeat(16);
