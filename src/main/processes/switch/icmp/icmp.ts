import type { Clock } from '../clock';
import { checksum } from '../ethernet/checksum';
import { type Ipv4Packet, payloadStart, protocols } from '../ipv4/packet';
import type { Ipv4Sender } from '../ipv4/sender';

/** ICMP (RFC 792; codes of “unreachable” also RFC 1122, 3.2.2.1 and RFC 1812, 5.2.7.1). */
const types = { echoReply: 0, unreachable: 3, echo: 8, timeExceeded: 11 } as const;
export const unreachable = { network: 0, host: 1, protocol: 2, port: 3, prohibited: 13 } as const;
export type UnreachableCode = (typeof unreachable)[keyof typeof unreachable];

const icmpHeaderLength = 8;
/** Errors quote this much of the payload of what they complain about (RFC 792). */
const quotedPayload = 8;
/** Errors a second (RFC 1812, 4.3.2.8). */
const maxErrors = 200;

/** The gateway's own answers and complaints. */
export class Icmp {
  private second = 0;
  private errors = 0;

  constructor(
    private readonly address: number,
    private readonly ip: Ipv4Sender,
    private readonly clock: Clock,
  ) {}

  /** Answers an echo request. Precondition: `packet` is ICMP for the gateway's address. */
  receive(packet: Ipv4Packet, mac: number): void {
    const { bytes, payload, end } = packet;
    if (end - payload < icmpHeaderLength || bytes[payload] !== types.echo || bytes[payload + 1] !== 0) return;
    if (checksum(bytes, payload, end) !== 0) return;
    const reply = Buffer.from(bytes.subarray(payload, end));
    reply[0] = types.echoReply;
    reply.writeUInt16BE(0, 2);
    reply.writeUInt16BE(checksum(reply, 0, reply.length), 2);
    this.ip.send({ mac, address: packet.source }, packet.destination, protocols.icmp, reply);
  }

  /** Tells a sender that its packet does not reach whom it is for. */
  unreachable(packet: Ipv4Packet, mac: number, code: UnreachableCode): void {
    this.complain(packet, mac, types.unreachable, code);
  }

  /** Tells a sender that its packet ends here: what `traceroute` lives on. */
  timeExceeded(packet: Ipv4Packet, mac: number): void {
    this.complain(packet, mac, types.timeExceeded, 0);
  }

  private complain(packet: Ipv4Packet, mac: number, type: number, code: number): void {
    if (!mayComplainAbout(packet) || !this.mayComplain()) return;
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

  private mayComplain(): boolean {
    const second = Math.floor(this.clock.now() / 1000);
    if (second !== this.second) {
      this.second = second;
      this.errors = 0;
    }
    return this.errors++ < maxErrors;
  }
}

/** Errors about errors, about groups and about later fragments would multiply (RFC 1122, 3.2.2). */
function mayComplainAbout({
  bytes,
  payload,
  end,
  protocol,
  fragmentOffset,
  destination,
  source,
}: Ipv4Packet): boolean {
  if (fragmentOffset !== 0 || destination >>> 28 >= 14 || source === 0 || source >>> 28 >= 14) return false;
  return protocol !== protocols.icmp || (end > payload && bytes[payload] === types.echo);
}
