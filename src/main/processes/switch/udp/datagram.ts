import { checksum, pseudoHeaderSum } from '../ethernet/checksum';
import type { Address } from '../ip/address';
import { type IpPacket, type IpSender, protocols, type Receiver } from '../ip/ip';

/** UDP (RFC 768). */
export const udpHeaderLength = 8;
const longestPacket = 65_535;

export interface Datagram<A extends Address = Address> {
  source: A;
  sourcePort: number;
  destination: A;
  destinationPort: number;
  /** A view of the packet. */
  data: Buffer;
}

/** @returns undefined when it is none, or its checksum is wrong */
export function parseDatagram<A extends Address>({
  bytes,
  payload,
  end,
  source,
  destination,
}: IpPacket<A>): Datagram<A> | undefined {
  if (end - payload < udpHeaderLength) return undefined;
  const length = bytes.readUInt16BE(payload + 4);
  if (length < udpHeaderLength || payload + length > end) return undefined;
  // A checksum of 0 says that there is none, which only IPv4 allows (RFC 8200, 8.1).
  if (bytes.readUInt16BE(payload + 6) !== 0 || typeof source === 'string') {
    const pseudo = pseudoHeaderSum(source, destination, protocols.udp, length);
    if (checksum(bytes, payload, payload + length, pseudo) !== 0) return undefined;
  }
  return {
    source,
    sourcePort: bytes.readUInt16BE(payload),
    destination,
    destinationPort: bytes.readUInt16BE(payload + 2),
    data: bytes.subarray(payload + udpHeaderLength, payload + length),
  };
}

/** Sends a datagram, in fragments where it is long. What fits into no packet is not sent. */
export function sendDatagram(
  ip: IpSender,
  to: Receiver & { port: number },
  from: { address: Address; port: number },
  data: Uint8Array,
): void {
  const length = udpHeaderLength + data.length;
  if (ip.headerLength + length > longestPacket) return;
  const datagram = Buffer.allocUnsafe(length);
  datagram.writeUInt16BE(from.port, 0);
  datagram.writeUInt16BE(to.port, 2);
  datagram.writeUInt16BE(length, 4);
  datagram.writeUInt16BE(0, 6);
  datagram.set(data, udpHeaderLength);
  const pseudo = pseudoHeaderSum(from.address, to.address, protocols.udp, length);
  const sum = checksum(datagram, 0, length, pseudo);
  datagram.writeUInt16BE(sum === 0 ? 0xffff : sum, 6);
  ip.send(to, from.address, protocols.udp, datagram);
}
