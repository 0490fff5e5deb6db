import type { Clock } from '../clock';
import { checksum } from '../ethernet/checksum';
import { type IpPacket, type Obstacle, protocols } from '../ip/ip';
import { type Ipv4Packet, payloadStart } from '../ipv4/packet';
import type { Ipv4Sender } from '../ipv4/sender';
import type { Echo } from './echo-relay';
import { ErrorLimit } from './error-limit';

/** ICMP (RFC 792; codes of “unreachable” also RFC 1122, 3.2.2.1 and RFC 1812, 5.2.7.1). */
const types = { echoReply: 0, unreachable: 3, echo: 8, timeExceeded: 11 } as const;
const codes: Record<Obstacle, number> = { network: 0, host: 1, protocol: 2, port: 3, prohibited: 13 };

const icmpHeaderLength = 8;
/** Errors quote this much of the payload of what they complain about (RFC 792). */
const quotedPayload = 8;

/** The gateway's own answers and complaints. */
export class Icmp implements Echo<number> {
  private readonly limit: ErrorLimit;

  constructor(
    private readonly address: number,
    private readonly ip: Ipv4Sender,
    clock: Clock,
  ) {
    this.limit = new ErrorLimit(clock);
  }

  isRequest({ bytes, payload, end }: IpPacket<number>): boolean {
    if (end - payload < icmpHeaderLength || bytes[payload] !== types.echo || bytes[payload + 1] !== 0)
      return false;
    return checksum(bytes, payload, end) === 0;
  }

  /** Precondition: `isRequest`. */
  answer({ bytes, payload, end, source, destination }: IpPacket<number>, mac: number): void {
    const reply = Buffer.from(bytes.subarray(payload, end));
    reply[0] = types.echoReply;
    reply.writeUInt16BE(0, 2);
    reply.writeUInt16BE(checksum(reply, 0, reply.length), 2);
    this.ip.send({ mac, address: source }, destination, protocols.icmp, reply);
  }

  /** Tells a sender that its packet does not reach whom it is for. */
  unreachable(packet: IpPacket<number>, mac: number, obstacle: Obstacle): void {
    this.complain(packet, mac, types.unreachable, codes[obstacle]);
  }

  /** Tells a sender that its packet ends here: what `traceroute` lives on. */
  timeExceeded(packet: Ipv4Packet, mac: number): void {
    if (packet.fragmentOffset === 0) this.complain(packet, mac, types.timeExceeded, 0);
  }

  private complain(packet: IpPacket<number>, mac: number, type: number, code: number): void {
    if (!mayComplainAbout(packet) || !this.limit.mayComplain()) return;
    const { bytes, header, payload, end } = packet;
    const quoted = bytes.subarray(header, Math.min(payload + quotedPayload, end));
    const length = icmpHeaderLength + quoted.length;
    const to = { mac, address: packet.source };
    const frame = this.ip.packet(to, this.address, protocols.icmp, length);
    frame[payloadStart] = type;
    frame[payloadStart + 1] = code;
    frame.fill(0, payloadStart + 2, payloadStart + icmpHeaderLength);
    quoted.copy(frame, payloadStart + icmpHeaderLength);
    frame.writeUInt16BE(checksum(frame, payloadStart, payloadStart + length), payloadStart + 2);
  }
}

/** Errors about errors and about groups would multiply (RFC 1122, 3.2.2). */
function mayComplainAbout({ bytes, payload, end, protocol, destination, source }: IpPacket<number>): boolean {
  if (destination >>> 28 >= 14 || source === 0 || source >>> 28 >= 14) return false;
  return protocol !== protocols.icmp || (end > payload && bytes[payload] === types.echo);
}
