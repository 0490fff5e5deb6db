import { parseIpv4, parseMac, parseSubnet, type Subnet } from '@shared/network/address';
import type { NetworkConfig } from '@shared/network/config';
import { parseIpv6, parsePrefix6 } from '@shared/network/ipv6';
import { Firewall } from '../firewall/firewall';
import type { Address } from '../ip/address';
import { ranges } from '../ip/range';
import type { DestinationSettings } from '../nat/destination';

/** The numbers behind a network's configuration. */
export interface GatewaySettings extends DestinationSettings {
  config: NetworkConfig;
  gateway: number;
  subnet: Subnet;
  /** Where there is IPv6: the network's prefix, and the gateway's addresses in it and on the link. */
  ipv6: { prefix: string; gateway: string; linkLocal: string } | null;
  names: readonly { name: string; address: Address }[];
  /** Ways that guests are told of. */
  routes: readonly { to: Subnet; via: number }[];
  /** By hardware address. */
  reservations: ReadonlyMap<number, number>;
}

/**
 * @param mac the gateway's own, of which its address on the link is made
 * @throws RangeError for a configuration that its schema does not allow
 */
export function settingsOf(config: NetworkConfig, mac: number): GatewaySettings {
  const subnet = parseSubnet(config.subnet);
  const gateway = parseIpv4(config.gateway);
  if (!subnet || gateway === undefined)
    throw new RangeError('a configuration that its schema does not allow');
  const prefix = config.ipv6 ? parsePrefix6(config.ipv6.prefix)?.network : undefined;
  const ipv6 =
    prefix === undefined
      ? null
      : { prefix, gateway: `${prefix.slice(0, 15)}\x01`, linkLocal: linkLocalOf(mac) };
  const isolated = config.kind === 'isolated';
  return {
    config,
    subnet,
    gateway,
    ipv6,
    own: new Set<Address>([gateway, ...(ipv6 ? [ipv6.gateway, ipv6.linkLocal] : [])]),
    inside: ranges(config.subnet, ...(config.ipv6 ? [config.ipv6.prefix] : [])),
    internet: config.kind === 'nat' && config.internet,
    offers: isolated ? [] : config.offers,
    firewall: new Firewall(config.firewall),
    names: config.names.flatMap(({ name, address }) => {
      const value = parseIpv4(address) ?? parseIpv6(address);
      return value === undefined ? [] : [{ name, address: value }];
    }),
    routes: config.routes.flatMap(({ to, via }) => {
      const [prefix, address] = [parseSubnet(to), parseIpv4(via)];
      return prefix && address !== undefined ? [{ to: prefix, via: address }] : [];
    }),
    reservations: new Map(
      config.reservations.map((entry) => [parseMac(entry.mac) ?? 0, parseIpv4(entry.address) ?? 0]),
    ),
  };
}

/** The address on the link that a station makes of its hardware address (RFC 4291, 2.5.1 and appendix A). */
export function linkLocalOf(mac: number): string {
  return interfaceAddress(`\xfe\x80${'\0'.repeat(14)}`, mac);
}

/** The address with the interface identifier that is made of a hardware address. */
export function interfaceAddress(prefix: string, mac: number): string {
  const bytes = [40, 32, 24, 16, 8, 0].map((shift) => Math.floor(mac / 2 ** shift) & 255);
  const [first = 0, second = 0, third = 0, ...rest] = bytes;
  return prefix.slice(0, 8) + String.fromCharCode(first ^ 2, second, third, 0xff, 0xfe, ...rest);
}
