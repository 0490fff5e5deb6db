import { formatIpv4, type Subnet } from '@shared/network/address';
import { broadcastMac, isGroup } from '../ethernet/frame';
import type { Origin } from '../ip/ip';
import type { Ipv4Sender } from '../ipv4/sender';
import { type Datagram, sendDatagram } from '../udp/datagram';
import { encodeName, labelOf } from '../dns/name';
import { Leases, type LeaseOptions } from './leases';
import {
  buildReply,
  type DhcpMessage,
  dhcpPorts,
  messageTypes,
  type MessageType,
  optionCodes,
  parseDhcp,
} from './message';

/** Seconds; 0 stands for “for ever” on the wire, which nobody gets. */
export const leaseSeconds = 12 * 3600;
const everybody = 0xffffffff;

export interface Route {
  to: Subnet;
  via: number;
}

export interface DhcpOptions {
  ip: Ipv4Sender;
  gateway: number;
  subnet: Subnet;
  /** The longest packet that everybody on the network takes now, in bytes. */
  mtu(): number;
  domain: string;
  /** Where guests look for short names, all of them together within one option. */
  searchDomains(): readonly string[];
  /** Whether guests are told of a way out. */
  router: boolean;
  /** Ways to other networks. */
  routes: readonly Route[];
  leases: LeaseOptions;
  /** What machines that boot from the network start, by TFTP from the gateway. */
  boot: { file: string; uefiFile: string | null } | null;
  /** Told of every lease that is given, ends or changes. */
  changed(): void;
}

/** Gives guests their addresses (RFC 2131). */
export class DhcpServer {
  readonly leases: Leases;

  constructor(private options: DhcpOptions) {
    this.leases = new Leases(options.leases);
  }

  configure(options: DhcpOptions): void {
    this.options = options;
    this.leases.configure(options.leases);
  }

  /** Takes a datagram to port 67. */
  receive(datagram: Datagram, { mac, card }: Origin): void {
    const message = parseDhcp(datagram.data);
    if (message?.operation !== 1 || message.relay !== 0) return;
    // Whoever asks in the name of others wants to take their addresses.
    if (message.clientMac !== mac || isGroup(mac)) return;
    const server = addressOption(message, optionCodes.server);
    if (server !== undefined && server !== this.options.gateway) return;
    switch (message.options.get(optionCodes.messageType)?.[0]) {
      case messageTypes.discover:
        this.discover(message, card);
        return;
      case messageTypes.request:
        this.request(message, card);
        return;
      case messageTypes.decline:
        if (this.leases.decline(mac, addressOption(message, optionCodes.requestedAddress) ?? 0)) {
          this.options.changed();
        }
        return;
      case messageTypes.release:
        if (this.leases.release(mac, message.clientAddress)) this.options.changed();
        return;
      case messageTypes.inform:
        this.reply(message, messageTypes.ack, 0);
    }
  }

  private discover(message: DhcpMessage, port: string): void {
    const wanted = addressOption(message, optionCodes.requestedAddress);
    const address = this.leases.offer(message.clientMac, port, wanted);
    if (address !== undefined) this.reply(message, messageTypes.offer, address);
  }

  /** RFC 2131, 4.3.2: selecting, rebooting after a restart, renewing and rebinding. */
  private request(message: DhcpMessage, port: string): void {
    const mac = message.clientMac;
    const address = addressOption(message, optionCodes.requestedAddress) ?? message.clientAddress;
    const hostName = hostNameOf(message);
    if (this.leases.grant(mac, address, port, hostName, leaseSeconds * 1000)) {
      this.reply(message, messageTypes.ack, address);
      this.options.changed();
    } else {
      this.reply(message, messageTypes.nak, 0);
    }
  }

  private reply(message: DhcpMessage, type: MessageType, address: number): void {
    const { ip, gateway } = this.options;
    const refused = type === messageTypes.nak;
    const reply = buildReply({
      transaction: message.transaction,
      broadcast: message.broadcast,
      clientAddress: refused ? 0 : message.clientAddress,
      yourAddress: address,
      server: refused ? 0 : gateway,
      relay: 0,
      clientMac: message.clientMac,
      bootFile: refused ? undefined : this.bootFile(message),
      options: [
        [optionCodes.messageType, Buffer.of(type)],
        [optionCodes.server, addressBytes(gateway)],
        ...(refused
          ? [[optionCodes.message, Buffer.from('address not available')] as const]
          : [...this.settings(address), ...this.bootSettings(message)]),
      ],
    });
    // RFC 2131, 4.1: to an address that the client already uses, else to everybody or to its card.
    const toClient = !refused && message.clientAddress !== 0;
    const toAll = refused || (!toClient && message.broadcast);
    sendDatagram(
      ip,
      {
        mac: toAll ? broadcastMac : message.clientMac,
        address: toAll ? everybody : toClient ? message.clientAddress : address,
        port: dhcpPorts.client,
      },
      { address: gateway, port: dhcpPorts.server },
      reply,
    );
  }

  private bootFile(message: DhcpMessage): string | undefined {
    const { boot } = this.options;
    const asked = message.options.get(optionCodes.clientArchitecture);
    // 0 is a BIOS; everything else that asks so is UEFI, in one way or the other (RFC 4578, 2.1).
    const isUefi = asked !== undefined && asked.length >= 2 && asked.readUInt16BE(0) !== 0;
    return (isUefi ? (boot?.uefiFile ?? boot?.file) : boot?.file) ?? undefined;
  }

  private bootSettings(message: DhcpMessage): (readonly [number, Uint8Array])[] {
    const file = this.bootFile(message);
    if (file === undefined) return [];
    const address = addressBytes(this.options.gateway);
    return [
      [optionCodes.tftpServer, Buffer.from(formatIpv4(this.options.gateway))],
      [optionCodes.bootFile, Buffer.from(file)],
      [optionCodes.tftpAddress, address],
    ];
  }

  /** All that guests use, whether or not they have asked for it: it is little. */
  private settings(address: number): (readonly [number, Uint8Array])[] {
    const { gateway, subnet, domain, router, routes } = this.options;
    const mtu = this.options.mtu();
    const settings: (readonly [number, Uint8Array])[] = [
      [optionCodes.subnetMask, addressBytes(subnet.mask)],
      [optionCodes.broadcastAddress, addressBytes(subnet.broadcast)],
      [optionCodes.dns, addressBytes(gateway)],
      [optionCodes.domainName, Buffer.from(domain)],
      [optionCodes.domainSearch, Buffer.concat(this.options.searchDomains().map(encodeName))],
      [optionCodes.mtu, Buffer.of(mtu >>> 8, mtu & 255)],
    ];
    if (router) settings.push([optionCodes.router, addressBytes(gateway)]);
    if (routes.length > 0) {
      // Who understands it does not look at the router (RFC 3442, “DHCP Client Behavior”): it is in the list too.
      const all = router ? [...routes, { to: everywhere, via: gateway }] : routes;
      settings.push([optionCodes.classlessRoutes, Buffer.concat(all.map(routeBytes))]);
    }
    // An answer to INFORM has no lease in it (RFC 2131, 4.3.5).
    if (address !== 0) {
      settings.push(
        [optionCodes.leaseTime, addressBytes(leaseSeconds)],
        [optionCodes.renewalTime, addressBytes(leaseSeconds / 2)],
        [optionCodes.rebindingTime, addressBytes(Math.floor(leaseSeconds * 0.875))],
      );
    }
    return settings;
  }
}

function addressOption({ options }: DhcpMessage, code: number): number | undefined {
  const value = options.get(code);
  return value?.length === 4 ? value.readUInt32BE(0) : undefined;
}

function addressBytes(address: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address);
  return bytes;
}

const everywhere: Subnet = { network: 0, broadcast: 0xffffffff, prefix: 0, mask: 0 };

/** As many bytes of the prefix as say something, behind its length (RFC 3442). */
function routeBytes({ to, via }: Route): Buffer {
  const significant = addressBytes(to.network).subarray(0, Math.ceil(to.prefix / 8));
  return Buffer.concat([Buffer.of(to.prefix), significant, addressBytes(via)]);
}

function hostNameOf({ options }: DhcpMessage): string | null {
  const text = options.get(optionCodes.hostName)?.toString('latin1').split('.')[0];
  return text === undefined ? null : labelOf(text);
}
