import { answerDhcpv6, dhcpv6Ports } from '../dhcpv6/server';
import { toldDomains } from '../dns/search-domains';
import { headerLength, readMac } from '../ethernet/frame';
import { EchoRelay } from '../icmp/echo-relay';
import { Icmpv6, icmpv6Types, isIntact, sendIcmpv6 } from '../icmp/icmpv6';
import { type Origin, protocols } from '../ip/ip';
import { Reassembly } from '../ip/reassembly';
import {
  type Ipv6Packet,
  isMulticast6,
  longestIpv6Payload,
  parseIpv6Packet,
  skipHeaders,
  unspecified6,
} from '../ipv6/packet';
import { Ipv6Sender } from '../ipv6/sender';
import { Bindings } from '../ndp/bindings';
import { ndpHops, neighbourAdvertisement, parseNeighbourMessage, routerAdvertisement } from '../ndp/message';
import { parseDatagram, sendDatagram } from '../udp/datagram';
import type { SideOptions } from './ipv4-side';
import type { GatewaySettings } from './settings';
import { Transport } from './transport';

/** Unasked, in milliseconds (RFC 4861, 6.2.1); and the least time between two that everybody hears. */
const advertiseEveryMs = 300_000;
const leastBetweenMs = 3000;
const allNodes = { address: `\xff\x02${'\0'.repeat(13)}\x01`, mac: 0x3333_0000_0001 };
/** All DHCPv6 servers of the link. */
const allDhcpServers = `\xff\x02${'\0'.repeat(11)}\x01\0\x02`;
/** A station on the link has an address that begins so (RFC 4291, 2.4). */
const linkLocal = '\xfe\x80';

/** Where there is IPv6, what the gateway is for it: router, neighbour, and the way to everything else. */
export class Ipv6Side {
  readonly bindings: Bindings;
  readonly transport: Transport<string>;
  private readonly ip: Ipv6Sender;
  private readonly icmp: Icmpv6;
  private readonly echoes: EchoRelay<string>;
  private readonly reassembly: Reassembly<Ipv6Packet>;
  private readonly own: NonNullable<GatewaySettings['ipv6']>;
  private advertisedAt = -Infinity;
  private cancelAdvertising: (() => void) | undefined;

  constructor(
    private readonly options: SideOptions,
    own: NonNullable<GatewaySettings['ipv6']>,
  ) {
    const { link, clock, dns, streams, settings, ping } = options;
    this.own = own;
    this.ip = new Ipv6Sender(link, settings().config.mtu, options.mtuOf);
    this.icmp = new Icmpv6(own.gateway, this.ip, clock);
    this.bindings = new Bindings(clock);
    this.reassembly = new Reassembly(clock, longestIpv6Payload);
    this.echoes = new EchoRelay(this.icmp, settings, ping);
    this.transport = new Transport({ clock, ip: this.ip, errors: this.icmp, dns, streams, settings });
    this.advertise();
  }

  /** Somebody has come: tells everybody soon. */
  joined(): void {
    this.advertiseSoon();
  }

  /** The settings have changed: tells everybody. */
  configure(): void {
    this.advertisedAt = -Infinity;
    this.advertise();
  }

  /** @param card the port of the switch that it came in by */
  receive(frame: Buffer, card: string): void {
    const receiver = readMac(frame, 0);
    const { mac } = this.options.link;
    if (receiver !== mac && Math.floor(receiver / 2 ** 32) !== 0x3333) return;
    const packet = parseIpv6Packet(frame, headerLength);
    const sender = readMac(frame, 6);
    const from = { mac: sender, card };
    if (!packet || !this.maySend(packet.source, from)) return;
    const inPieces = isFragment(packet);
    if (packet.protocol === protocols.icmpv6 && !inPieces && this.receiveDiscovery(packet, sender)) return;
    const toGroup = isMulticast6(packet.destination);
    if (packet.source === unspecified6 || receiver !== mac) {
      // Only neighbour discovery and questions for settings are for groups.
      if (!toGroup || packet.source === unspecified6 || inPieces) return;
    } else if (!this.isOwn(packet.destination) && packet.hops <= 1) {
      this.icmp.timeExceeded(packet, sender);
      return;
    }
    if (!inPieces) {
      this.receivePacket(packet, from);
      return;
    }
    const whole = this.reassembly.add(packet, card);
    if (whole && skipHeaders(whole) && !isFragment(whole)) this.receivePacket(whole, from);
  }

  /** Takes back what has been advertised. */
  close(): void {
    this.cancelAdvertising?.();
    this.sendAdvertisement(allNodes, true);
    this.echoes.close();
    this.transport.close();
  }

  /** Its own, or one that it may use: on the link or of the network's prefix, and nobody else's. */
  private maySend(source: string, from: Origin): boolean {
    if (source === unspecified6) return true;
    if (this.isOwn(source)) return false;
    if (!source.startsWith(linkLocal) && !source.startsWith(this.own.prefix.slice(0, 8))) return false;
    return this.bindings.claim(source, from);
  }

  private isOwn(address: string): boolean {
    return address === this.own.gateway || address === this.own.linkLocal;
  }

  /** @returns whether it was a message of neighbour discovery, which no router passes on (RFC 4861, 6.1, 7.1) */
  private receiveDiscovery(packet: Ipv6Packet, sender: number): boolean {
    const { bytes, payload, end, hops, source } = packet;
    const type = end > payload ? bytes[payload]! : 0;
    if (type < icmpv6Types.routerSolicitation || type > icmpv6Types.neighbourAdvertisement) return false;
    if (hops !== ndpHops || !isIntact(packet)) return true;
    if (type === icmpv6Types.routerSolicitation) {
      const nameless = source === unspecified6;
      // By its own hardware address, for its card may hear no groups (RFC 6085); for the others, soon.
      this.sendAdvertisement({ mac: sender, address: nameless ? allNodes.address : source }, false);
      if (nameless) this.advertiseSoon();
    } else if (type === icmpv6Types.neighbourSolicitation) {
      const asked = parseNeighbourMessage(bytes, payload, end);
      if (asked && this.isOwn(asked.target)) this.answerNeighbour(asked.target, source, sender);
    }
    return true;
  }

  private answerNeighbour(target: string, asker: string, mac: number): void {
    // Whoever has no address yet asks whether one is free: everybody is told that it is not (RFC 4862, 5.4).
    const nameless = asker === unspecified6;
    const to = nameless ? allNodes : { mac, address: asker };
    const message = neighbourAdvertisement(target, this.options.link.mac, !nameless);
    sendIcmpv6(this.ip, to, target, message, ndpHops);
  }

  private receivePacket(packet: Ipv6Packet, from: Origin): void {
    const own = this.isOwn(packet.destination);
    const { destination } = packet;
    const toGroup = isMulticast6(destination);
    switch (packet.protocol) {
      case protocols.tcp:
        if (!toGroup) this.transport.tcp.receive(packet, from);
        return;
      case protocols.udp:
        this.receiveUdp(packet, from);
        return;
      case protocols.icmpv6:
        if (toGroup || !isIntact(packet)) return;
        if (!own) this.echoes.receive(packet, from);
        else if (this.icmp.isRequest(packet)) this.icmp.answer(packet, from.mac);
        return;
      default:
        if (!toGroup) this.icmp.unreachable(packet, from.mac, 'protocol');
    }
  }

  private receiveUdp(packet: Ipv6Packet, from: Origin): void {
    const datagram = parseDatagram(packet);
    if (!datagram) return;
    const { destination, destinationPort, source, sourcePort, data } = datagram;
    if (
      destinationPort === dhcpv6Ports.server &&
      (destination === allDhcpServers || this.isOwn(destination))
    ) {
      const { config } = this.options.settings();
      const facts = { mac: this.options.link.mac, dns: this.own.gateway, domain: config.domain };
      const answer = answerDhcpv6(data, facts);
      const to = { mac: from.mac, address: source, port: sourcePort };
      const own = { address: this.own.linkLocal, port: dhcpv6Ports.server };
      if (answer) sendDatagram(this.ip, to, own, answer);
      return;
    }
    if (!isMulticast6(destination)) this.transport.receiveUdp(datagram, packet, from);
  }

  /** Answers those who have no address yet, all of them at once and not more often than is good (6.2.6). */
  private advertiseSoon(): void {
    const wait = this.advertisedAt + leastBetweenMs - this.options.clock.now();
    if (wait <= 0) this.advertise();
    else this.advertiseIn(wait);
  }

  private advertise(): void {
    this.advertisedAt = this.options.clock.now();
    this.sendAdvertisement(allNodes, false);
    // Emulated cards of simple make hear no groups: those that are known are told by their own address (RFC 6085).
    for (const mac of this.bindings.stations()) {
      this.sendAdvertisement({ mac, address: allNodes.address }, false);
    }
    this.advertiseIn(advertiseEveryMs);
  }

  private advertiseIn(ms: number): void {
    this.cancelAdvertising?.();
    this.cancelAdvertising = this.options.clock.after(ms, () => this.advertise());
  }

  private sendAdvertisement(to: { mac: number; address: string }, ends: boolean): void {
    const { config, internet } = this.options.settings();
    const message = routerAdvertisement({
      mac: this.options.link.mac,
      prefix: this.own.prefix,
      mtu: this.options.mtu(),
      dns: this.own.gateway,
      domains: toldDomains(config.domain, internet ? this.options.searchDomains() : []),
      isWayOut: internet,
      ends,
    });
    sendIcmpv6(this.ip, to, this.own.linkLocal, message, ndpHops);
  }
}

/** A packet that was put together may say once more that it is one: nothing honest is cut up twice. */
function isFragment({ moreFragments, fragmentOffset }: Ipv6Packet): boolean {
  return moreFragments || fragmentOffset > 0;
}
