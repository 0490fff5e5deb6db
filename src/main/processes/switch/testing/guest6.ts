import { systemClock } from '../clock';
import { etherTypes, etherTypeOf, headerLength, readMac } from '../ethernet/frame';
import { interfaceAddress, linkLocalOf } from '../gateway/settings';
import { FrameArena } from '../gateway/link';
import { icmpv6Types, isIntact, sendIcmpv6 } from '../icmp/icmpv6';
import { protocols } from '../ip/ip';
import { Reassembly } from '../ip/reassembly';
import {
  type Ipv6Packet,
  longestIpv6Payload,
  parseIpv6Packet,
  readAddress6,
  skipHeaders,
  unspecified6,
  writeAddress6,
} from '../ipv6/packet';
import { Ipv6Sender } from '../ipv6/sender';
import { ndpHops } from '../ndp/message';
import type { LearningSwitch } from '../ports/learning-switch';
import { noTraffic, type SwitchPort } from '../ports/port';
import type { ConnectionUser, TcpConnection } from '../tcp/connection';
import { TcpStack } from '../tcp/stack';
import { type Datagram, parseDatagram, sendDatagram } from '../udp/datagram';
import { framesIn } from './frames';
import { TestConnection, until } from './guest';

const allNodes = `\xff\x02${'\0'.repeat(13)}\x01`;
const allRouters = { mac: 0x3333_0000_0002, address: `\xff\x02${'\0'.repeat(13)}\x02` };

/** What a router has said of itself. */
export interface Advertised {
  router: string;
  lifetime: number;
  flags: number;
  options: Map<number, Buffer>;
}

/** A guest without a machine that speaks IPv6 only. */
export class TestGuest6 implements SwitchPort {
  readonly counters = noTraffic();
  readonly packets: Ipv6Packet[] = [];
  readonly datagrams: Datagram<string>[] = [];
  readonly linkLocal: string;
  /** Of the network's prefix, once it has been advertised. */
  address = unspecified6;
  gatewayMac = 0;
  gateway = unspecified6;
  readonly ip: Ipv6Sender;
  readonly tcp: TcpStack;
  /** Answers connections that come in. */
  serve: ((connection: TcpConnection) => ConnectionUser) | undefined;
  private readonly arena: FrameArena;
  private readonly reassembly = new Reassembly<Ipv6Packet>(systemClock, longestIpv6Payload);
  private nextPort = 50_000;

  constructor(
    readonly id: string,
    readonly mac: number,
    private readonly bridge: LearningSwitch,
  ) {
    this.linkLocal = linkLocalOf(mac);
    this.arena = new FrameArena(mac, () => setImmediate(() => this.flush()));
    this.ip = new Ipv6Sender(this.arena, 1500);
    this.tcp = new TcpStack({ ip: this.ip, clock: systemClock, open: () => this.serve });
    bridge.add(this);
  }

  deliver(run: Buffer): boolean {
    for (const frame of framesIn([run])) this.receive(frame);
    this.tcp.settle();
    return false;
  }

  hold(): void {}
  release(): void {}

  send(frame: Uint8Array): void {
    this.arena.frame(frame.length).set(frame);
    this.flush();
  }

  flush(): void {
    this.arena.pass((run) => this.bridge.receive(this, run, 0));
  }

  /** Asks for a router, and makes itself an address as it says (RFC 4862). */
  join(): Advertised {
    const before = this.packets.length;
    sendIcmpv6(this.ip, allRouters, this.linkLocal, Buffer.from([133, 0, 0, 0, 0, 0, 0, 0]), ndpHops);
    this.flush();
    const found = this.packets
      .slice(before)
      .map(parseAdvertisement)
      .find((one) => one !== undefined);
    if (!found) throw new Error('no router has answered');
    this.gatewayMac = readMac(found.options.get(1) ?? Buffer.alloc(8), 2);
    this.address = interfaceAddress(readAddress6(found.options.get(3) ?? Buffer.alloc(32), 16), this.mac);
    this.gateway = `${this.address.slice(0, 8)}\0\0\0\0\0\0\0\x01`;
    return found;
  }

  /** Asks who has an address. @returns the type and flags of the answers, and the hardware addresses they name */
  solicit(target: string, source = this.address): { flags: number; mac: number; to: string }[] {
    const message = Buffer.alloc(source === unspecified6 ? 24 : 32);
    message[0] = icmpv6Types.neighbourSolicitation;
    writeAddress6(message, 8, target);
    if (message.length > 24) {
      message[24] = message[25] = 1;
      message.writeUIntBE(this.mac, 26, 6);
    }
    const group = `\xff\x02${'\0'.repeat(9)}\x01\xff${target.slice(13)}`;
    const mac = 0x3333_ff00_0000 + Buffer.from(target.slice(13), 'latin1').readUIntBE(0, 3);
    const before = this.packets.length;
    sendIcmpv6(this.ip, { mac, address: group }, source, message, ndpHops);
    this.flush();
    return this.packets
      .slice(before)
      .filter(({ bytes, payload }) => bytes[payload] === icmpv6Types.neighbourAdvertisement)
      .map(({ bytes, payload, destination }) => ({
        flags: bytes[payload + 4]!,
        mac: readMac(bytes, payload + 26),
        to: destination === allNodes ? 'all' : 'one',
      }));
  }

  /** Sends a packet through the gateway. */
  sendPacket(address: string, protocol: number, payload: Uint8Array): void {
    this.ip.send({ mac: this.gatewayMac, address }, this.address, protocol, payload);
    this.flush();
  }

  sendUdp(ownPort: number, address: string, port: number, data: Uint8Array): void {
    const to = { mac: this.gatewayMac, address, port };
    sendDatagram(this.ip, to, { address: this.address, port: ownPort }, data);
    this.flush();
  }

  /** Sends a datagram through the gateway; resolves to the answer. */
  ask(address: string, port: number, data: Uint8Array): Promise<Datagram<string>> {
    const own = this.nextPort++;
    this.sendUdp(own, address, port, data);
    return until(() =>
      this.datagrams.find(
        ({ source, sourcePort, destinationPort }) =>
          source === address && sourcePort === port && destinationPort === own,
      ),
    );
  }

  connect(address: string, port: number): TestConnection {
    const user = new TestConnection();
    const guest = { mac: this.gatewayMac, address };
    const flow = { guest, guestPort: port, remote: this.address, remotePort: this.nextPort++ };
    user.connection = this.tcp.connect(flow, () => user);
    this.flush();
    return user;
  }

  /** The ICMPv6 messages that have come, as type and code. */
  get messages(): string[] {
    return this.packets
      .filter(({ protocol }) => protocol === protocols.icmpv6)
      .map(({ bytes, payload }) => `${bytes[payload]}/${bytes[payload + 1]}`);
  }

  private receive(frame: Buffer): void {
    const to = readMac(frame, 0);
    if ((to !== this.mac && Math.floor(to / 2 ** 32) !== 0x3333) || etherTypeOf(frame) !== etherTypes.ipv6)
      return;
    const piece = parseIpv6Packet(frame, headerLength);
    if (!piece) throw new Error('a packet with a wrong header');
    const isFragment = piece.moreFragments || piece.fragmentOffset > 0;
    const packet = isFragment ? this.reassembly.add(piece, this.id) : piece;
    if (!packet || !skipHeaders(packet)) return;
    if (this.packets.length < 10_000) this.packets.push(packet);
    if (packet.protocol === protocols.icmpv6 && !isIntact(packet)) throw new Error('a wrong checksum');
    if (packet.protocol === protocols.tcp)
      this.tcp.receive(packet, { mac: readMac(frame, 6), card: this.id });
    if (packet.protocol !== protocols.udp) return;
    const datagram = parseDatagram(packet);
    if (!datagram) throw new Error('a datagram with a wrong checksum');
    this.datagrams.push(datagram);
  }
}

function parseAdvertisement({ bytes, payload, end, source }: Ipv6Packet): Advertised | undefined {
  if (bytes[payload] !== icmpv6Types.routerAdvertisement) return undefined;
  const options = new Map<number, Buffer>();
  for (let position = payload + 16; position < end; position += bytes[position + 1]! * 8) {
    options.set(bytes[position]!, bytes.subarray(position, position + bytes[position + 1]! * 8));
  }
  return { router: source, lifetime: bytes.readUInt16BE(payload + 6), flags: bytes[payload + 5]!, options };
}
