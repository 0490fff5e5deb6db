import { etherTypes, headerLength, writeHeader } from '../ethernet/frame';
import type { Link } from '../gateway/link';
import type { IpSender, Receiver as AnyReceiver } from '../ip/ip';
import { dontFragment, ipv4HeaderLength, moreFragments, payloadStart, writeIpv4Header } from './packet';

type Receiver = AnyReceiver<number>;

/** Sends the gateway's packets. */
export class Ipv4Sender implements IpSender<number> {
  readonly headerLength = ipv4HeaderLength;
  readonly payloadStart = payloadStart;
  private identification = 0;

  /**
   * @param mtu the longest packet, its header included, in bytes
   * @param mtuOf the longest that a receiver takes where that is less
   */
  constructor(
    private readonly link: Link,
    readonly mtu: number,
    private readonly mtuOf: (mac: number) => number = () => mtu,
  ) {}

  packet(to: Receiver, source: number, protocol: number, length: number): Buffer {
    return this.write(to, source, protocol, length, dontFragment);
  }

  send(to: Receiver, source: number, protocol: number, payload: Uint8Array): void {
    const mtu = this.mtuOf(to.mac);
    if (ipv4HeaderLength + payload.length <= mtu) {
      this.packet(to, source, protocol, payload.length).set(payload, payloadStart);
      return;
    }
    // Every fragment but the last carries a multiple of eight bytes (RFC 791, 3.2).
    const most = Math.floor((mtu - ipv4HeaderLength) / 8) * 8;
    const identification = this.nextIdentification();
    for (let offset = 0; offset < payload.length; offset += most) {
      const piece = payload.subarray(offset, offset + most);
      const last = offset + piece.length === payload.length;
      const fragment = (offset / 8) | (last ? 0 : moreFragments);
      this.write(to, source, protocol, piece.length, fragment, identification).set(piece, payloadStart);
    }
  }

  private write(
    to: Receiver,
    source: number,
    protocol: number,
    length: number,
    fragment: number,
    identification = this.nextIdentification(),
  ): Buffer {
    const frame = this.link.frame(payloadStart + length);
    writeHeader(frame, to.mac, this.link.mac, etherTypes.ipv4);
    writeIpv4Header(frame, headerLength, {
      source,
      destination: to.address,
      protocol,
      length,
      identification,
      fragment,
    });
    return frame;
  }

  private nextIdentification(): number {
    this.identification = (this.identification + 1) & 0xffff;
    return this.identification;
  }
}
