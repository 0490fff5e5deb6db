import { inSubnet, parseIpv4 } from '@shared/network/address';
import { Neighbours } from '../arp/neighbours';
import type { Clock } from '../clock';
import { dhcpPorts } from '../dhcp/message';
import { DhcpServer, type DhcpOptions } from '../dhcp/server';
import type { DnsService } from '../dns/service';
import { broadcastMac, headerLength, readMac } from '../ethernet/frame';
import { Icmp } from '../icmp/icmp';
import { protocols } from '../ip/ip';
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
  settings(): GatewaySettings;
}

export interface Ipv4SideOptions extends SideOptions {
  /** Milliseconds since 1970, for leases. */
  wallClock(): number;
  leasesChanged(): void;
  /** @returns whether a datagram for the gateway belongs to a forward, or to another service */
  takeDatagram(datagram: Datagram<number>, mac: number): boolean;
}

/** What the gateway is for IPv4: neighbour, giver of addresses, and the way to everything else. */
export class Ipv4Side {
  readonly ip: Ipv4Sender;
  readonly dhcp: DhcpServer;
  readonly transport: Transport<number>;
  private readonly neighbours: Neighbours;
  private readonly reassembly: Reassembly<Ipv4Packet>;
  private readonly icmp: Icmp;

  constructor(private readonly options: Ipv4SideOptions) {
    const { link, clock, dns, streams, settings } = options;
    const { gateway, subnet, config } = settings();
    this.ip = new Ipv4Sender(link, config.mtu);
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
    this.transport = new Transport({ clock, ip: this.ip, errors: this.icmp, dns, streams, settings });
  }

  /** The settings have changed. */
  configure(): void {
    this.dhcp.configure(this.dhcpOptions());
  }

  receiveArp(frame: Buffer): void {
    this.neighbours.receive(frame);
  }

  /** @param port of the switch that it came in by */
  receive(frame: Buffer, port: string): void {
    const receiver = readMac(frame, 0);
    if (receiver !== this.options.link.mac && receiver !== broadcastMac) return;
    const packet = parseIpv4Packet(frame, headerLength);
    if (!packet) return;
    const sender = readMac(frame, 6);
    const { gateway, subnet } = this.options.settings();
    if (packet.source === 0) {
      // Only who has no address yet sends without one.
      if (packet.protocol === protocols.udp) this.receiveUdp(packet, sender, port);
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
      this.receivePacket(packet, sender, port);
      return;
    }
    const whole = this.reassembly.add(packet);
    if (whole) this.receivePacket(whole, sender, port);
  }

  /** Finds the station that has an address of the network; undefined: nobody answers. */
  resolve(address: number, found: (mac: number | undefined) => void): void {
    this.neighbours.resolve(address, found);
  }

  close(): void {
    this.transport.close();
    this.neighbours.close();
  }

  private receivePacket(packet: Ipv4Packet, sender: number, port: string): void {
    const { gateway } = this.options.settings();
    switch (packet.protocol) {
      case protocols.tcp:
        this.transport.tcp.receive(packet, sender);
        return;
      case protocols.udp:
        this.receiveUdp(packet, sender, port);
        return;
      case protocols.icmp:
        if (packet.destination === gateway) this.icmp.receive(packet, sender);
        else this.icmp.unreachable(packet, sender, 'prohibited');
        return;
      default:
        this.icmp.unreachable(packet, sender, 'protocol');
    }
  }

  private receiveUdp(packet: Ipv4Packet, sender: number, port: string): void {
    const datagram = parseDatagram(packet);
    if (!datagram) return;
    const { gateway, subnet, config } = this.options.settings();
    const { destination, destinationPort } = datagram;
    const forAll = destination === everybody || destination === subnet.broadcast;
    if (destinationPort === dhcpPorts.server && (forAll || destination === gateway)) {
      if (config.dhcp.enabled) this.dhcp.receive(datagram, sender, port);
      return;
    }
    if (forAll || packet.source === 0) return;
    if (destination === gateway && this.options.takeDatagram(datagram, sender)) return;
    this.transport.receiveUdp(datagram, packet, sender);
  }

  private dhcpOptions(): DhcpOptions {
    const { config, gateway, subnet, internet, reservations } = this.options.settings();
    return {
      ip: this.ip,
      gateway,
      subnet,
      mtu: config.mtu,
      domain: config.domain,
      router: internet,
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
