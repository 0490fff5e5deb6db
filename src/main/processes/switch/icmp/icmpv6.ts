import type { Clock } from '../clock';
import { checksum, pseudoHeaderSum } from '../ethernet/checksum';
import { type IpPacket, type Obstacle, protocols, type Receiver } from '../ip/ip';
import { ipv6HeaderLength, mayComplainAbout6, payloadStart6 } from '../ipv6/packet';
import type { Ipv6Sender } from '../ipv6/sender';
import type { Echo } from './echo-relay';
import { ErrorLimit } from './error-limit';

/** ICMPv6 (RFC 4443). */
export const icmpv6Types = {
  unreachable: 1,
  timeExceeded: 3,
  parameterProblem: 4,
  echo: 128,
  echoReply: 129,
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighbourSolicitation: 135,
  neighbourAdvertisement: 136,
} as const;
/** Of “unreachable”; an unknown protocol is a “parameter problem” of code 1. */
const codes: Record<Obstacle, number> = { network: 0, prohibited: 1, host: 3, port: 4, protocol: 1 };
const icmpHeaderLength = 8;
/** An error must fit into what every link takes (RFC 4443, 2.4 c). */
const longestError = 1280 - ipv6HeaderLength - icmpHeaderLength;

/** Whether the checksum of an ICMPv6 message is right. */
export function isIntact({ bytes, payload, end, source, destination }: IpPacket<string>): boolean {
  const pseudo = pseudoHeaderSum(source, destination, protocols.icmpv6, end - payload);
  return end - payload >= 4 && checksum(bytes, payload, end, pseudo) === 0;
}

/** Sends a message whose checksum field is 0; it is filled in. */
export function sendIcmpv6(
  ip: Ipv6Sender,
  to: Receiver<string>,
  source: string,
  message: Uint8Array,
  hops?: number,
): void {
  const frame = ip.packet(to, source, protocols.icmpv6, message.length, hops);
  frame.set(message, payloadStart6);
  const pseudo = pseudoHeaderSum(source, to.address, protocols.icmpv6, message.length);
  const sum = checksum(frame, payloadStart6, payloadStart6 + message.length, pseudo);
  frame.writeUInt16BE(sum, payloadStart6 + 2);
}

/** The gateway's own answers and complaints. */
export class Icmpv6 implements Echo<string> {
  private readonly limit: ErrorLimit;

  constructor(
    private readonly address: string,
    private readonly ip: Ipv6Sender,
    clock: Clock,
  ) {
    this.limit = new ErrorLimit(clock);
  }

  /** Precondition: it is intact. */
  isRequest({ bytes, payload, end }: IpPacket<string>): boolean {
    return (
      end - payload >= icmpHeaderLength && bytes[payload] === icmpv6Types.echo && bytes[payload + 1] === 0
    );
  }

  /** Precondition: `isRequest`. */
  answer({ bytes, payload, end, source, destination }: IpPacket<string>, mac: number): void {
    const reply = Buffer.from(bytes.subarray(payload, end));
    reply[0] = icmpv6Types.echoReply;
    reply.writeUInt16BE(0, 2);
    const pseudo = pseudoHeaderSum(destination, source, protocols.icmpv6, reply.length);
    reply.writeUInt16BE(checksum(reply, 0, reply.length, pseudo), 2);
    this.ip.send({ mac, address: source }, destination, protocols.icmpv6, reply);
  }

  unreachable(packet: IpPacket<string>, mac: number, obstacle: Obstacle): void {
    const type = obstacle === 'protocol' ? icmpv6Types.parameterProblem : icmpv6Types.unreachable;
    // A parameter problem says where it is: the field “next header” of the fixed header.
    this.complain(packet, mac, type, codes[obstacle], obstacle === 'protocol' ? 6 : 0);
  }

  timeExceeded(packet: IpPacket<string>, mac: number): void {
    this.complain(packet, mac, icmpv6Types.timeExceeded, 0, 0);
  }

  private complain(packet: IpPacket<string>, mac: number, type: number, code: number, pointer: number): void {
    if (!mayComplainAbout6(packet) || !this.limit.mayComplain()) return;
    const { bytes, header, end, source } = packet;
    const message = Buffer.alloc(icmpHeaderLength + Math.min(end - header, longestError));
    message[0] = type;
    message[1] = code;
    message.writeUInt32BE(pointer, 4);
    bytes.copy(message, icmpHeaderLength, header, end);
    sendIcmpv6(this.ip, { mac, address: source }, this.address, message);
  }
}
