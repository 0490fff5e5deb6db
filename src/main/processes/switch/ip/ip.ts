import type { Address } from './address';

/** Protocols above IP (IANA’s numbers). */
export const protocols = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;
export const hopLimit = 64;

/** A packet that lies in a frame (or in memory of its own, when it was put together from fragments). */
export interface IpPacket<A extends Address = Address> {
  bytes: Buffer;
  /** Where the header, the payload and what follows the packet begin. */
  header: number;
  payload: number;
  end: number;
  source: A;
  destination: A;
  protocol: number;
  /** Routers that it may still pass. */
  hops: number;
}

/** One piece of a packet, or a whole one. */
export interface IpFragment<A extends Address = Address> extends IpPacket<A> {
  identification: number;
  /** Of the payload, in bytes. */
  fragmentOffset: number;
  moreFragments: boolean;
}

/** Who has sent a frame. */
export interface Origin {
  /** The hardware address in it. */
  mac: number;
  /** The port of the switch that it came in by, which nobody can pretend: what guests may take is counted by it. */
  card: string;
}

/** Whom a packet is for. */
export interface Receiver<A extends Address = Address> {
  mac: number;
  address: A;
}

/** Sends the gateway's packets of one version of IP. */
export interface IpSender<A extends Address = Address> {
  /** The longest packet, its header included, in bytes. */
  readonly mtu: number;
  readonly headerLength: number;
  /** Where the payload of a packet that `packet` makes begins in its frame. */
  readonly payloadStart: number;
  /**
   * A frame with its headers written and room for `length` bytes of payload at `payloadStart`. Precondition: that
   * fits into the MTU.
   */
  packet(to: Receiver<A>, source: A, protocol: number, length: number): Buffer;
  /** Sends a payload of any length, in fragments where it is longer than the MTU allows. */
  send(to: Receiver<A>, source: A, protocol: number, payload: Uint8Array): void;
}

/** Why a packet does not reach whom it is for. */
export type Obstacle = 'network' | 'host' | 'protocol' | 'port' | 'prohibited';

/** Tells senders what became of their packets: ICMP, of either version. */
export interface IpErrors<A extends Address = Address> {
  unreachable(packet: IpPacket<A>, mac: number, obstacle: Obstacle): void;
}

/** As much of a packet as an error about it quotes, in memory of its own. */
export function headOf(packet: IpPacket): IpPacket {
  return copyOf(packet, Math.min(packet.payload + 8, packet.end));
}

/** A packet, or the part of it that ends at `end`, in memory of its own. */
export function copyOf<A extends Address>(packet: IpPacket<A>, end = packet.end): IpPacket<A> {
  const bytes = Buffer.from(packet.bytes.subarray(packet.header, end));
  return { ...packet, bytes, header: 0, payload: packet.payload - packet.header, end: bytes.length };
}

/** The same packet with its whole payload, put together from fragments. */
export function withPayload<P extends IpFragment>(packet: P, payload: Buffer): P {
  const header = packet.bytes.subarray(packet.header, packet.payload);
  const bytes = Buffer.concat([header, payload]);
  return {
    ...packet,
    bytes,
    header: 0,
    payload: header.length,
    end: bytes.length,
    fragmentOffset: 0,
    moreFragments: false,
  };
}
