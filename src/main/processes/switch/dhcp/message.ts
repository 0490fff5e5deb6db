import { readMac, writeMac } from '../ethernet/frame';

/** DHCP messages (RFC 2131; options: RFC 2132, RFC 3397, RFC 3442). */
export const dhcpPorts = { server: 67, client: 68 } as const;
export const messageTypes = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;
export type MessageType = (typeof messageTypes)[keyof typeof messageTypes];

export const optionCodes = {
  subnetMask: 1,
  router: 3,
  dns: 6,
  hostName: 12,
  domainName: 15,
  mtu: 26,
  broadcastAddress: 28,
  requestedAddress: 50,
  leaseTime: 51,
  overload: 52,
  messageType: 53,
  server: 54,
  requestedOptions: 55,
  message: 56,
  renewalTime: 58,
  rebindingTime: 59,
  clientId: 61,
  tftpServer: 66,
  bootFile: 67,
  /** What a machine that boots from the network is (RFC 4578, 2.1). */
  clientArchitecture: 93,
  domainSearch: 119,
  classlessRoutes: 121,
  tftpAddress: 150,
  end: 255,
} as const;

const fixedLength = 236;
const cookie = 0x63825363;
/** Some clients drop shorter ones (RFC 1542, 2.1). */
const shortestMessage = 300;

export interface DhcpMessage {
  /** 1: from a client. */
  operation: number;
  transaction: number;
  seconds: number;
  broadcast: boolean;
  clientAddress: number;
  relay: number;
  clientMac: number;
  options: ReadonlyMap<number, Buffer>;
}

/** @returns undefined when it is no DHCP message for Ethernet */
export function parseDhcp(bytes: Buffer): DhcpMessage | undefined {
  if (bytes.length < fixedLength + 4 || bytes.readUInt32BE(fixedLength) !== cookie) return undefined;
  if (bytes[1] !== 1 || bytes[2] !== 6) return undefined;
  const options = new Map<number, Buffer>();
  readOptions(bytes, fixedLength + 4, bytes.length, options);
  const overload = options.get(optionCodes.overload)?.[0] ?? 0;
  if ((overload & 1) !== 0) readOptions(bytes, 108, 236, options);
  if ((overload & 2) !== 0) readOptions(bytes, 44, 108, options);
  return {
    operation: bytes[0]!,
    transaction: bytes.readUInt32BE(4),
    seconds: bytes.readUInt16BE(8),
    broadcast: (bytes[10]! & 0x80) !== 0,
    clientAddress: bytes.readUInt32BE(12),
    relay: bytes.readUInt32BE(24),
    clientMac: readMac(bytes, 28),
    options,
  };
}

/** An option that comes more than once is one in pieces (RFC 3396). */
function readOptions(bytes: Buffer, start: number, end: number, options: Map<number, Buffer>): void {
  for (let position = start; position < end;) {
    const code = bytes[position]!;
    if (code === optionCodes.end) return;
    if (code === 0) {
      position++;
      continue;
    }
    if (position + 1 >= end) return;
    const next = position + 2 + bytes[position + 1]!;
    if (next > end) return;
    const value = bytes.subarray(position + 2, next);
    const before = options.get(code);
    options.set(code, before ? Buffer.concat([before, value]) : Buffer.from(value));
    position = next;
  }
}

export interface DhcpReply {
  transaction: number;
  broadcast: boolean;
  clientAddress: number;
  yourAddress: number;
  server: number;
  relay: number;
  clientMac: number;
  /** What is to be started by a machine that boots from the network. */
  bootFile: string | undefined;
  options: readonly (readonly [code: number, value: Uint8Array])[];
}

export function buildReply(reply: DhcpReply): Buffer {
  const options = reply.options.map(([code, value]) => Buffer.concat([Buffer.of(code, value.length), value]));
  const fixed = Buffer.alloc(fixedLength + 4);
  fixed[0] = 2;
  fixed[1] = 1;
  fixed[2] = 6;
  fixed.writeUInt32BE(reply.transaction, 4);
  fixed.writeUInt16BE(reply.broadcast ? 0x8000 : 0, 10);
  fixed.writeUInt32BE(reply.clientAddress, 12);
  fixed.writeUInt32BE(reply.yourAddress, 16);
  fixed.writeUInt32BE(reply.server, 20);
  fixed.writeUInt32BE(reply.relay, 24);
  writeMac(fixed, 28, reply.clientMac);
  // The last of its 128 bytes stays 0.
  fixed.write(reply.bootFile ?? '', 108, 127);
  fixed.writeUInt32BE(cookie, fixedLength);
  const message = Buffer.concat([fixed, ...options, Buffer.of(optionCodes.end)]);
  if (message.length >= shortestMessage) return message;
  return Buffer.concat([message, Buffer.alloc(shortestMessage - message.length)]);
}
