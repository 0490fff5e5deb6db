import { etherTypes, headerLength, writeHeader } from '../ethernet/frame';
import type { Link } from '../gateway/link';
import type { IpSender, Receiver as AnyReceiver } from '../ip/ip';
import {
  fragmentHeader,
  fragmentHeaderLength,
  ipv6HeaderLength,
  payloadStart6,
  writeIpv6Header,
} from './packet';

type Receiver = AnyReceiver<string>;

/** Sends the gateway's packets. */
export class Ipv6Sender implements IpSender<string> {
  readonly headerLength = ipv6HeaderLength;
  readonly payloadStart = payloadStart6;
  private identification = 0;

  constructor(
    private readonly link: Link,
    readonly mtu: number,
    private readonly mtuOf: (mac: number) => number = () => mtu,
  ) {}

  packet(to: Receiver, source: string, protocol: number, length: number, hops?: number): Buffer {
    const frame = this.link.frame(payloadStart6 + length);
    writeHeader(frame, to.mac, this.link.mac, etherTypes.ipv6);
    writeIpv6Header(frame, headerLength, { source, destination: to.address, protocol, length, hops });
    return frame;
  }

  send(to: Receiver, source: string, protocol: number, payload: Uint8Array): void {
    const mtu = this.mtuOf(to.mac);
    if (ipv6HeaderLength + payload.length <= mtu) {
      this.packet(to, source, protocol, payload.length).set(payload, payloadStart6);
      return;
    }
    const most = Math.floor((mtu - ipv6HeaderLength - fragmentHeaderLength) / 8) * 8;
    this.identification = (this.identification + 1) >>> 0;
    for (let offset = 0; offset < payload.length; offset += most) {
      const piece = payload.subarray(offset, offset + most);
      const last = offset + piece.length === payload.length;
      const frame = this.packet(to, source, fragmentHeader, fragmentHeaderLength + piece.length);
      frame[payloadStart6] = protocol;
      frame[payloadStart6 + 1] = 0;
      frame.writeUInt16BE(offset | (last ? 0 : 1), payloadStart6 + 2);
      frame.writeUInt32BE(this.identification, payloadStart6 + 4);
      frame.set(piece, payloadStart6 + fragmentHeaderLength);
    }
  }
}
