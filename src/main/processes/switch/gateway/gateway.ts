import { parseIpv4, parseSubnet, inSubnet, type Subnet } from '@shared/network/address';
import type { Forward, NetworkConfig } from '@shared/network/config';
import { Neighbours } from '../arp/neighbours';
import type { Clock } from '../clock';
import { type DhcpOptions, DhcpServer } from '../dhcp/server';
import { dhcpPorts } from '../dhcp/message';
import { DnsService } from '../dns/service';
import type { DnsServer } from '../dns/upstream';
import { broadcastMac, etherTypes, etherTypeOf, headerLength, readMac } from '../ethernet/frame';
import { type ForwardProblems, Forwards, type ForwardTarget } from '../forward/forwards';
import { Icmp, unreachable } from '../icmp/icmp';
import { type Ipv4Packet, parseIpv4Packet, protocols } from '../ipv4/packet';
import { Reassembly } from '../ipv4/reassembly';
import { Ipv4Sender } from '../ipv4/sender';
import { type DestinationSettings, destinationOf } from '../nat/destination';
import type { HostStream } from '../nat/host-stream';
import { connectToHost } from '../nat/tcp-nat';
import { UdpNat } from '../nat/udp-nat';
import { TcpStack } from '../tcp/stack';
import { parseDatagram, sendDatagram } from '../udp/datagram';
import type { Link } from './link';
import type { Machines } from './machines';

const everybody = 0xffffffff;
const dnsPort = 53;

export interface GatewayOptions {
  link: Link;
  clock: Clock;
  /** Milliseconds since 1970, for leases. */
  wallClock(): number;
  machines: Machines;
  config: NetworkConfig;
  /** Told when a lease is given, ends or changes. */
  leasesChanged(): void;
  /** The host's resolvers; those of its system when missing. */
  resolvers?: () => DnsServer[];
}

/** The numbers behind a network's configuration. */
interface Settings extends DestinationSettings {
  config: NetworkConfig;
  subnet: Subnet;
}

/**
 * The station of a network that is not a machine: it gives out addresses and names, and passes on what is for the
 * world outside. Frames in by `receive`, frames out by the link; after each call, `settle`.
 */
export class Gateway {
  readonly dhcp: DhcpServer;
  private settings: Settings;
  private readonly ip: Ipv4Sender;
  private readonly neighbours: Neighbours;
  private readonly reassembly: Reassembly;
  private readonly icmp: Icmp;
  private readonly tcp: TcpStack;
  private readonly udpNat: UdpNat;
  private readonly dns: DnsService;
  private readonly forwards: Forwards;
  private readonly streams = { due: new Set<HostStream>() };

  constructor(private readonly options: GatewayOptions) {
    const { link, clock, config, machines } = options;
    this.settings = settingsOf(config);
    const { gateway, subnet } = this.settings;
    this.ip = new Ipv4Sender(link, config.mtu);
    this.dhcp = new DhcpServer(this.dhcpOptions());
    this.neighbours = new Neighbours({
      link,
      clock,
      address: gateway,
      subnet,
      holder: (address) => this.dhcp.leases.holder(address)?.mac,
    });
    this.reassembly = new Reassembly(clock);
    this.icmp = new Icmp(gateway, this.ip, clock);
    this.udpNat = new UdpNat({ clock, deliver: (to, from, data) => sendDatagram(this.ip, to, from, data) });
    this.dns = new DnsService({
      clock,
      ip: this.ip,
      gateway,
      resolvers: options.resolvers,
      settings: () => ({
        domain: this.settings.config.domain,
        gateway,
        subnet,
        internet: this.settings.internet,
        addressOf: (label) => machines.addressOf(label, this.dhcp.leases.all()),
        nameOf: (address) => machines.nameOf(this.dhcp.leases.holder(address)),
      }),
    });
    this.tcp = new TcpStack({
      ip: this.ip,
      clock,
      open: (flow, packet) => {
        if (flow.remote === gateway && flow.remotePort === dnsPort) return this.dns.stream();
        const target = destinationOf('tcp', flow.remote, flow.remotePort, this.settings);
        if (target.kind === 'host') return connectToHost(target, flow, packet, this.icmp, this.streams);
        if (target.kind === 'unreachable') this.icmp.unreachable(packet, flow.guest.mac, target.code);
        return undefined;
      },
    });
    this.forwards = new Forwards({
      gateway,
      clock,
      stack: this.tcp,
      streams: this.streams,
      find: (machine, found) => this.findMachine(machine, found),
      deliver: (to, fromPort, data) => sendDatagram(this.ip, to, { address: gateway, port: fromPort }, data),
    });
  }

  get counts(): { connections: number; flows: number } {
    return { connections: this.tcp.size, flows: this.udpNat.size };
  }

  /** Whether a changed configuration can be taken over as it runs, or needs a gateway of its own. */
  canBecome(config: NetworkConfig): boolean {
    const { subnet, gateway, mtu } = this.settings.config;
    return subnet === config.subnet && gateway === config.gateway && mtu === config.mtu;
  }

  /** Precondition: `canBecome`. */
  configure(config: NetworkConfig): void {
    this.settings = settingsOf(config);
    this.dhcp.configure(this.dhcpOptions());
    this.dns.changed();
  }

  setForwards(forwards: readonly Forward[]): Promise<ForwardProblems> {
    return this.forwards.set(forwards);
  }

  /**
   * Takes one frame.
   *
   * @param port of the switch that it came in by
   */
  receive(frame: Buffer, port: string): void {
    switch (etherTypeOf(frame)) {
      case etherTypes.arp:
        this.neighbours.receive(frame);
        return;
      case etherTypes.ipv4:
        this.receiveIpv4(frame, port);
    }
  }

  /** Ends a call into the gateway: sends what has been put off, while what it was made of is still there. */
  settle(): void {
    for (const stream of this.streams.due) stream.flush();
    this.streams.due.clear();
    this.tcp.settle();
  }

  async close(): Promise<void> {
    await this.forwards.close();
    this.tcp.close();
    this.udpNat.close();
    this.neighbours.close();
    this.dns.close();
  }

  private receiveIpv4(frame: Buffer, port: string): void {
    const receiver = readMac(frame, 0);
    if (receiver !== this.options.link.mac && receiver !== broadcastMac) return;
    const packet = parseIpv4Packet(frame, headerLength);
    if (!packet) return;
    const sender = readMac(frame, 6);
    const { gateway, subnet } = this.settings;
    if (packet.source === 0) {
      // Only who has no address yet sends without one.
      if (packet.protocol === protocols.udp) this.receiveUdp(packet, sender, port);
      return;
    }
    if (!inSubnet(packet.source, subnet) || packet.source === gateway) return;
    this.neighbours.learn(packet.source, sender);
    // An address that is leased to somebody is not lent to others.
    if (this.neighbours.find(packet.source) !== sender) return;
    if (packet.destination !== gateway && receiver !== broadcastMac && packet.timeToLive <= 1) {
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

  private receivePacket(packet: Ipv4Packet, sender: number, port: string): void {
    const { gateway } = this.settings;
    switch (packet.protocol) {
      case protocols.tcp:
        this.tcp.receive(packet, sender);
        return;
      case protocols.udp:
        this.receiveUdp(packet, sender, port);
        return;
      case protocols.icmp:
        if (packet.destination === gateway) this.icmp.receive(packet, sender);
        else this.icmp.unreachable(packet, sender, unreachable.prohibited);
        return;
      default:
        this.icmp.unreachable(packet, sender, unreachable.protocol);
    }
  }

  private receiveUdp(packet: Ipv4Packet, sender: number, port: string): void {
    const datagram = parseDatagram(packet);
    if (!datagram) return;
    const { gateway, subnet } = this.settings;
    const { destination, destinationPort } = datagram;
    const forAll = destination === everybody || destination === subnet.broadcast;
    if (destinationPort === dhcpPorts.server && (forAll || destination === gateway)) {
      this.dhcp.receive(datagram, sender, port);
      return;
    }
    if (forAll || packet.source === 0) return;
    if (destination === gateway) {
      if (destinationPort === dnsPort) {
        this.dns.receive(datagram, sender);
        return;
      }
      if (this.forwards.answer(datagram)) return;
    }
    const target = destinationOf('udp', destination, destinationPort, this.settings);
    if (target.kind === 'host') this.udpNat.send(datagram, sender, target);
    else this.icmp.unreachable(packet, sender, target.kind === 'closed' ? unreachable.port : target.code);
  }

  private findMachine(machine: string, found: (target: ForwardTarget | undefined) => void): void {
    const mac = this.options.machines.macOf(machine);
    const lease = mac === undefined ? undefined : this.dhcp.leases.ofMac(mac);
    if (mac === undefined || !lease) found(undefined);
    else found({ mac, address: lease.address });
  }

  private dhcpOptions(): DhcpOptions {
    const { config, gateway, subnet, internet } = this.settings;
    const reservations = config.reservations.map(
      ({ mac, address }) => [parseInt(mac.replaceAll(':', ''), 16), parseIpv4(address) ?? 0] as const,
    );
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
        reservations: new Map(reservations),
        now: () => this.options.wallClock(),
      },
      changed: () => this.options.leasesChanged(),
    };
  }
}

/** Precondition: the configuration fits its schema. */
function settingsOf(config: NetworkConfig): Settings {
  const subnet = parseSubnet(config.subnet);
  const gateway = parseIpv4(config.gateway);
  if (!subnet || gateway === undefined)
    throw new RangeError('a configuration that its schema does not allow');
  return { config, subnet, gateway, internet: config.kind === 'nat', offers: config.offers };
}
