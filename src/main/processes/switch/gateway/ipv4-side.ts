import { inSubnet, parseIpv4 } from '@shared/network/address';
import { Neighbours } from '../arp/neighbours';
import type { Clock } from '../clock';
import { dhcpPorts } from '../dhcp/message';
import { DhcpServer, type DhcpOptions } from '../dhcp/server';
import { toldDomains } from '../dns/search-domains';
import type { DnsService } from '../dns/service';
import { broadcastMac, headerLength, readMac } from '../ethernet/frame';
import { EchoRelay } from '../icmp/echo-relay';
import { Icmp } from '../icmp/icmp';
import type { Ping } from '../icmp/ping';
import { type Origin, protocols } from '../ip/ip';
import { Reassembly } from '../ip/reassembly';
import { type Ipv4Packet, longestIpv4Payload, parseIpv4Packet } from '../ipv4/packet';
import { Ipv4Sender } from '../ipv4/sender';
import type { HostStreams } from '../nat/host-stream';
import { type Datagram, parseDatagram } from '../udp/datagram';
import type { Link } from './link';
import type { GatewaySettings } from './settings';
import { Transport } from './transport';

const everybody = 0xffffffff;

export interface SideOptions {
  link: Link;
  clock: Clock;
  dns: DnsService;
  streams: HostStreams;
  ping: Ping;
  settings(): GatewaySettings;
  /** The domains in which this computer looks for short names. */
  searchDomains(): readonly string[];
  /** The longest packet that everybody on the network takes now, in bytes; and that whoever has an address takes. */
  mtu(): number;
  mtuOf(mac: number): number;
}

export interface Ipv4SideOptions extends SideOptions {
  /** Milliseconds since 1970, for leases. */
  wallClock(): number;
  leasesChanged(): void;
  /** @returns whether a datagram for the gateway belongs to a forward, or to another service */
  takeDatagram(datagram: Datagram<number>, from: Origin): boolean;
}

/** What the gateway is for IPv4: neighbour, giver of addresses, and the way to everything else. */
export class Ipv4Side {
  readonly ip: Ipv4Sender;
  readonly dhcp: DhcpServer;
  readonly transport: Transport<number>;
  private readonly neighbours: Neighbours;
  private readonly reassembly: Reassembly<Ipv4Packet>;
  private readonly icmp: Icmp;
  private readonly echoes: EchoRelay<number>;

  constructor(private readonly options: Ipv4SideOptions) {
    const { link, clock, dns, streams, settings, ping } = options;
    const { gateway, subnet, config } = settings();
    this.ip = new Ipv4Sender(link, config.mtu, options.mtuOf);
    this.dhcp = new DhcpServer(this.dhcpOptions());
    this.neighbours = new Neighbours({
      link,
      clock,
      address: gateway,
      subnet,
      holder: (address) => this.dhcp.leases.holder(address)?.mac,
    });
    this.reassembly = new Reassembly(clock, longestIpv4Payload);
    this.icmp = new Icmp(gateway, this.ip, clock);
    this.echoes = new EchoRelay(this.icmp, settings, ping);
    this.transport = new Transport({ clock, ip: this.ip, errors: this.icmp, dns, streams, settings });
  }

  /** The settings have changed. */
  configure(): void {
    this.dhcp.configure(this.dhcpOptions());
  }

  receiveArp(frame: Buffer): void {
    this.neighbours.receive(frame);
  }

  /** @param card the port of the switch that it came in by */
  receive(frame: Buffer, card: string): void {
    const receiver = readMac(frame, 0);
    if (receiver !== this.options.link.mac && receiver !== broadcastMac) return;
    const packet = parseIpv4Packet(frame, headerLength);
    if (!packet) return;
    const sender = readMac(frame, 6);
    const { gateway, subnet } = this.options.settings();
    if (packet.source === 0) {
      // Only who has no address yet sends without one.
      if (packet.protocol === protocols.udp) this.receiveUdp(packet, { mac: sender, card });
      return;
    }
    if (!inSubnet(packet.source, subnet) || packet.source === gateway) return;
    this.neighbours.learn(packet.source, sender);
    // An address that is leased to somebody is not lent to others.
    if (this.neighbours.find(packet.source) !== sender) return;
    if (packet.destination !== gateway && receiver !== broadcastMac && packet.hops <= 1) {
      this.icmp.timeExceeded(packet, sender);
      return;
    }
    if (!packet.moreFragments && packet.fragmentOffset === 0) {
      this.receivePacket(packet, { mac: sender, card });
      return;
    }
    const whole = this.reassembly.add(packet, card);
    if (whole) this.receivePacket(whole, { mac: sender, card });
  }

  /** Finds the station that has an address of the network; undefined: nobody answers. */
  resolve(address: number, found: (mac: number | undefined) => void): void {
    this.neighbours.resolve(address, found);
  }

  close(): void {
    this.echoes.close();
    this.transport.close();
    this.neighbours.close();
  }

  private receivePacket(packet: Ipv4Packet, from: Origin): void {
    const { gateway } = this.options.settings();
    switch (packet.protocol) {
      case protocols.tcp:
        this.transport.tcp.receive(packet, from);
        return;
      case protocols.udp:
        this.receiveUdp(packet, from);
        return;
      case protocols.icmp:
        if (packet.destination !== gateway) this.echoes.receive(packet, from);
        else if (this.icmp.isRequest(packet)) this.icmp.answer(packet, from.mac);
        return;
      default:
        this.icmp.unreachable(packet, from.mac, 'protocol');
    }
  }

  private receiveUdp(packet: Ipv4Packet, from: Origin): void {
    const datagram = parseDatagram(packet);
    if (!datagram) return;
    const { gateway, subnet, config } = this.options.settings();
    const { destination, destinationPort } = datagram;
    const forAll = destination === everybody || destination === subnet.broadcast;
    if (destinationPort === dhcpPorts.server && (forAll || destination === gateway)) {
      if (config.dhcp.enabled) this.dhcp.receive(datagram, from);
      return;
    }
    if (forAll || packet.source === 0) return;
    if (destination === gateway && this.options.takeDatagram(datagram, from)) return;
    this.transport.receiveUdp(datagram, packet, from);
  }

  private dhcpOptions(): DhcpOptions {
    const { config, gateway, subnet, internet, reservations, routes } = this.options.settings();
    return {
      ip: this.ip,
      gateway,
      subnet,
      mtu: () => this.options.mtu(),
      domain: config.domain,
      searchDomains: () => toldDomains(config.domain, internet ? this.options.searchDomains() : []),
      router: internet,
      routes,
      leases: {
        subnet,
        gateway,
        first: parseIpv4(config.dhcp.first) ?? 0,
        last: parseIpv4(config.dhcp.last) ?? 0,
        reservations,
        now: () => this.options.wallClock(),
      },
      boot: config.pxe && { file: config.pxe.bootFile, uefiFile: config.pxe.uefiBootFile },
      changed: () => this.options.leasesChanged(),
    };
  }
}
