import { checksum, pseudoHeaderSum } from '../ethernet/checksum';
import { type Ipv4Packet, protocols } from '../ipv4/packet';
import type { Ipv4Sender, Receiver } from '../ipv4/sender';

/** UDP (RFC 768). */
export const udpHeaderLength = 8;
export const longestDatagram = 65_535 - 20 - udpHeaderLength;

export interface Datagram {
  source: number;
  sourcePort: number;
  destination: number;
  destinationPort: number;
  /** A view of the packet. */
  data: Buffer;
}

/** @returns undefined when it is none, or its checksum is wrong */
export function parseDatagram({
  bytes,
  payload,
  end,
  source,
  destination,
}: Ipv4Packet): Datagram | undefined {
  if (end - payload < udpHeaderLength) return undefined;
  const length = bytes.readUInt16BE(payload + 4);
  if (length < udpHeaderLength || payload + length > end) return undefined;
  // A checksum of 0 says that there is none.
  if (bytes.readUInt16BE(payload + 6) !== 0) {
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

/** Sends a datagram, in fragments where it is long. `data` longer than `longestDatagram` is not sent. */
export function sendDatagram(
  ip: Ipv4Sender,
  to: Receiver & { port: number },
  from: { address: number; port: number },
  data: Uint8Array,
): void {
  if (data.length > longestDatagram) return;
  const length = udpHeaderLength + data.length;
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
