import type { ErrorValue } from '@shared/errors';
import { inSubnet, parseIpv4 } from '@shared/network/address';
import type { Forward, NetworkConfig } from '@shared/network/config';
import { portProblem } from '../../../platform/port-problem';
import type { Clock } from '../clock';
import type { Leases } from '../dhcp/leases';
import { hostSearchDomains } from '../dns/search-domains';
import { DnsService } from '../dns/service';
import type { DnsServer } from '../dns/upstream';
import { etherTypes, etherTypeOf } from '../ethernet/frame';
import { type ForwardProblems, Forwards, type ForwardTarget } from '../forward/forwards';
import { type Ping, systemPing } from '../icmp/ping';
import type { Address } from '../ip/address';
import { inRanges } from '../ip/range';
import { HostStreams } from '../nat/host-stream';
import { findTarget } from '../proxy/find-target';
import { Proxy, proxyAddress } from '../proxy/proxy';
import { TftpServer } from '../tftp/server';
import { sendDatagram } from '../udp/datagram';
import { Ipv4Side } from './ipv4-side';
import { Ipv6Side } from './ipv6-side';
import type { Link } from './link';
import type { Machines } from './machines';
import { type GatewaySettings, settingsOf } from './settings';

/** Addresses of one machine that are told to whoever asks for its name. */
const maxAddresses = 4;

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
  /** Where the host looks for short names; what its system says when missing. */
  searchDomains?: () => readonly string[];
  /** Finds out whether an address beyond the network answers; the system's program when missing. */
  ping?: Ping;
}

/**
 * The station of a network that is not a machine: it gives out addresses and names, and passes on what is for the
 * world outside. Frames in by `receive`, frames out by the link; after each call, `settle`.
 */
export class Gateway {
  private settings: GatewaySettings;
  private readonly ipv4: Ipv4Side;
  private readonly ipv6: Ipv6Side | undefined;
  private readonly dns: DnsService;
  private readonly forwards: Forwards;
  private readonly tftp: TftpServer;
  private proxy: Proxy | undefined;
  private readonly streams = new HostStreams();

  constructor(private readonly options: GatewayOptions) {
    const { link, clock, config } = options;
    this.settings = settingsOf(config, link.mac);
    const settings = (): GatewaySettings => this.settings;
    this.dns = new DnsService({
      clock,
      resolvers: options.resolvers,
      settings: () => ({
        domain: this.settings.config.domain,
        gateway: this.dnsAddresses(),
        internet: this.settings.internet,
        names: this.settings.names,
        addressesOf: (label) => this.addressesOf(label),
        isInside: (address) => inRanges(address, this.settings.inside),
        nameOf: (address) => this.nameOf(address),
      }),
    });
    const { mtu } = config;
    const common = {
      ...{ link, clock, dns: this.dns, streams: this.streams, settings },
      ping: options.ping ?? systemPing,
      searchDomains: options.searchDomains ?? hostSearchDomains,
      mtu: () => options.machines.commonMtu(mtu),
      mtuOf: (mac: number) => options.machines.mtuOf(mac, mtu),
    };
    this.ipv4 = new Ipv4Side({
      ...common,
      wallClock: options.wallClock,
      leasesChanged: options.leasesChanged,
      takeDatagram: (datagram, from) => this.forwards.answer(datagram) || this.tftp.receive(datagram, from),
    });
    const { gateway, ipv6 } = this.settings;
    this.ipv6 = ipv6 ? new Ipv6Side(common, ipv6) : undefined;
    this.tftp = new TftpServer({
      clock,
      mtu: config.mtu,
      folder: () => this.settings.config.pxe?.folder,
      send: (to, port, message) => sendDatagram(this.ipv4.ip, to, { address: gateway, port }, message),
    });
    this.forwards = new Forwards({
      gateway,
      clock,
      stack: this.ipv4.transport.tcp,
      streams: this.streams,
      find: (machine, found) => this.findMachine(machine, found),
      permits: (protocol, caller, port) => this.settings.firewall.permitsIn(protocol, caller, port),
      deliver: (to, fromPort, data) =>
        sendDatagram(this.ipv4.ip, to, { address: gateway, port: fromPort }, data),
    });
  }

  get leases(): Leases {
    return this.ipv4.dhcp.leases;
  }

  get counts(): { connections: number; flows: number } {
    const all = [this.ipv4.transport.counts, ...(this.ipv6 ? [this.ipv6.transport.counts] : [])];
    return {
      connections: all.reduce((sum, { connections }) => sum + connections, 0),
      flows: all.reduce((sum, { flows }) => sum + flows, 0),
    };
  }

  /** Whether a changed configuration can be taken over as it runs, or needs a gateway of its own. */
  canBecome(config: NetworkConfig): boolean {
    const { subnet, gateway, mtu, ipv6 } = this.settings.config;
    const same = subnet === config.subnet && gateway === config.gateway && mtu === config.mtu;
    return same && ipv6?.prefix === config.ipv6?.prefix;
  }

  /** Precondition: `canBecome`. */
  configure(config: NetworkConfig): void {
    const before = this.settings;
    this.settings = settingsOf(config, this.options.link.mac);
    this.ipv4.configure();
    this.ipv6?.configure();
    this.dns.changed();
    if (reachOf(before) === reachOf(this.settings)) return;
    this.ipv4.transport.review();
    this.ipv6?.transport.review();
  }

  setForwards(forwards: readonly Forward[]): Promise<ForwardProblems> {
    return this.forwards.set(forwards);
  }

  /** Opens the proxy at a port, or closes it; one that is at this port goes on. @returns why it does not listen */
  async setProxy(port: number | undefined): Promise<ErrorValue | null> {
    if (this.proxy?.port === port) return null;
    this.proxy?.close();
    this.proxy = undefined;
    if (port === undefined) return null;
    const proxy = new Proxy({
      port,
      streams: this.streams,
      find: (host, found) => {
        const { settings, ipv4, ipv6 } = this;
        findTarget(host, { settings, ipv4, ipv6, addressesOf: (label) => this.addressesOf(label) }, found);
      },
      permits: (caller, guestPort) =>
        this.settings.firewall.permitsIn('tcp', parseIpv4(caller) ?? 0, guestPort),
    });
    try {
      await proxy.listen();
    } catch (error) {
      const what = { protocol: 'tcp', hostAddress: proxyAddress, hostPort: port } as const;
      return (await portProblem(what, error)).toValue();
    }
    this.proxy = proxy;
    return null;
  }

  /**
   * Takes one frame.
   *
   * @param port of the switch that it came in by
   */
  receive(frame: Buffer, port: string): void {
    switch (etherTypeOf(frame)) {
      case etherTypes.arp:
        this.ipv4.receiveArp(frame);
        return;
      case etherTypes.ipv4:
        this.ipv4.receive(frame, port);
        return;
      case etherTypes.ipv6:
        this.ipv6?.receive(frame, port);
    }
  }

  /** A card has been plugged in, or its cable has come up: tells whoever is there what they have to know now. */
  joined(): void {
    this.ipv6?.joined();
  }

  /** Ends a call into the gateway: sends what has been put off, while what it was made of is still there. */
  settle(): void {
    for (const stream of this.streams.due) stream.flush();
    this.streams.due.clear();
    this.ipv4.transport.tcp.settle();
    this.ipv6?.transport.tcp.settle();
  }

  async close(): Promise<void> {
    this.proxy?.close();
    await this.forwards.close();
    this.ipv4.close();
    this.ipv6?.close();
    this.dns.close();
    this.tftp.close();
  }

  private findMachine(machine: string, found: (target: ForwardTarget | undefined) => void): void {
    const mac = this.options.machines.macOf(machine);
    const lease = mac === undefined ? undefined : this.leases.ofMac(mac);
    if (mac === undefined || !lease) found(undefined);
    else found({ mac, address: lease.address });
  }

  private dnsAddresses(): Address[] {
    const { gateway, ipv6 } = this.settings;
    return ipv6 ? [gateway, ipv6.gateway] : [gateway];
  }

  /** The addresses of a machine or a guest that calls itself so. */
  private addressesOf(label: string): Address[] {
    const { machines } = this.options;
    const found: Address[] = [];
    for (const { mac, address } of machines.named(label, this.leases.all())) {
      if (address !== undefined) found.push(address);
      found.push(...this.ipv6Of(mac));
    }
    return found;
  }

  private ipv6Of(mac: number): string[] {
    const prefix = this.settings.ipv6?.prefix.slice(0, 8);
    if (prefix === undefined || !this.ipv6) return [];
    return this.ipv6.bindings
      .of(mac)
      .filter((address) => address.startsWith(prefix))
      .slice(0, maxAddresses);
  }

  private nameOf(address: Address): string | undefined {
    const { machines } = this.options;
    if (typeof address === 'number') {
      if (!inSubnet(address, this.settings.subnet)) return undefined;
      return machines.nameOf(this.leases.holder(address));
    }
    const mac = this.ipv6?.bindings.owner(address);
    return mac === undefined ? undefined : machines.nameOf(this.leases.ofMac(mac) ?? { mac, hostName: null });
  }
}

/** All that decides where guests may go. */
function reachOf({ internet, offers, config }: GatewaySettings): string {
  return JSON.stringify([internet, offers, config.firewall]);
}
