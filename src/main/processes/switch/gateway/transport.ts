import type { Clock } from '../clock';
import { type DnsService, dnsPort } from '../dns/service';
import type { Address } from '../ip/address';
import type { IpErrors, IpPacket, IpSender, Origin } from '../ip/ip';
import { type DestinationSettings, destinationOf } from '../nat/destination';
import type { HostStreams } from '../nat/host-stream';
import { connectToHost } from '../nat/tcp-nat';
import { UdpNat } from '../nat/udp-nat';
import { TcpStack } from '../tcp/stack';
import { type Datagram, sendDatagram } from '../udp/datagram';

export interface TransportOptions<A extends Address> {
  clock: Clock;
  ip: IpSender<A>;
  errors: IpErrors<A>;
  dns: DnsService;
  streams: HostStreams;
  settings(): DestinationSettings;
}

/** TCP and UDP of guests over one version of IP: to the gateway itself, and through the host to the world. */
export class Transport<A extends Address> {
  readonly tcp: TcpStack;
  private readonly udpNat: UdpNat;

  constructor(private readonly options: TransportOptions<A>) {
    const { clock, ip, dns, streams, settings } = options;
    const errors: IpErrors = options.errors;
    this.udpNat = new UdpNat({ clock, deliver: (to, from, data) => sendDatagram(ip, to, from, data) });
    this.tcp = new TcpStack({
      ip,
      clock,
      open: (flow, packet) => {
        if (settings().own.has(flow.remote) && flow.remotePort === dnsPort) return dns.stream();
        const target = destinationOf('tcp', flow.remote, flow.remotePort, settings());
        if (target.kind === 'host') return connectToHost(target, flow, packet, errors, streams);
        if (target.kind === 'unreachable') errors.unreachable(packet, flow.guest.mac, target.obstacle);
        return undefined;
      },
    });
  }

  get counts(): { connections: number; flows: number } {
    return { connections: this.tcp.size, flows: this.udpNat.size };
  }

  /** A datagram that is for no other service of the gateway. */
  receiveUdp(datagram: Datagram<A>, packet: IpPacket<A>, from: Origin): void {
    const { ip, dns, errors, settings } = this.options;
    const { source, sourcePort, destination, destinationPort, data } = datagram;
    const { mac } = from;
    if (destinationPort === dnsPort && settings().own.has(destination)) {
      dns.receive(data, (answer) =>
        sendDatagram(
          ip,
          { mac, address: source, port: sourcePort },
          { address: destination, port: dnsPort },
          answer,
        ),
      );
      return;
    }
    const target = destinationOf('udp', destination, destinationPort, settings());
    if (target.kind === 'host') this.udpNat.send(datagram, from, target);
    else errors.unreachable(packet, mac, target.kind === 'closed' ? 'port' : target.obstacle);
  }

  /** What may be reached has changed: ends what guests could not begin any more. */
  review(): void {
    const settings = this.options.settings();
    this.tcp.abortWhere(
      ({ remote, remotePort }) =>
        !(settings.own.has(remote) && remotePort === dnsPort) &&
        destinationOf('tcp', remote, remotePort, settings).kind !== 'host',
    );
    // Answers to datagrams that were sent before may still come; whoever sends on gets a new flow.
    this.udpNat.close();
  }

  close(): void {
    this.tcp.close();
    this.udpNat.close();
  }
}
