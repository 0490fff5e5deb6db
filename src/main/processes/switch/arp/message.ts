import { readMac, writeMac } from '../ethernet/frame';

/** ARP for IPv4 over Ethernet (RFC 826). */
export const arpLength = 28;
export const arpOperations = { request: 1, reply: 2 } as const;

export interface ArpMessage {
  operation: number;
  senderMac: number;
  senderAddress: number;
  targetMac: number;
  targetAddress: number;
}

/** The first eight bytes of every such message but for the operation: Ethernet, IPv4, and their lengths. */
const kind = [0, 1, 8, 0, 6, 4] as const;

/** @returns undefined when it is no ARP message for IPv4 over Ethernet */
export function parseArp(bytes: Buffer, start: number): ArpMessage | undefined {
  if (bytes.length - start < arpLength || kind.some((byte, index) => bytes[start + index] !== byte)) {
    return undefined;
  }
  return {
    operation: bytes.readUInt16BE(start + 6),
    senderMac: readMac(bytes, start + 8),
    senderAddress: bytes.readUInt32BE(start + 14),
    targetMac: readMac(bytes, start + 18),
    targetAddress: bytes.readUInt32BE(start + 24),
  };
}

export function writeArp(bytes: Buffer, start: number, message: ArpMessage): void {
  kind.forEach((byte, index) => (bytes[start + index] = byte));
  bytes.writeUInt16BE(message.operation, start + 6);
  writeMac(bytes, start + 8, message.senderMac);
  bytes.writeUInt32BE(message.senderAddress, start + 14);
  writeMac(bytes, start + 18, message.targetMac);
  bytes.writeUInt32BE(message.targetAddress, start + 24);
}
