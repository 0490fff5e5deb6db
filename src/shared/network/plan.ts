import { formatIpv4, inSubnet, parseIpv4, parseSubnet, type Subnet } from './address';
import type { NetworkSettings } from './config';

/** Where one finds private networks that are rarely in use elsewhere, most recommended first (RFC 1918). */
const ranges: readonly (readonly [first: string, count: number])[] = [
  ['10.86.0.0', 256],
  ['172.29.0.0', 256],
  ['192.168.80.0', 170],
  ['10.200.0.0', 256],
];
const prefix = 24;

export function overlaps(a: Subnet, b: Subnet): boolean {
  return inSubnet(a.network, b) || inSubnet(b.network, a);
}

/** A subnet of 24 bits that overlaps none of the given ones; undefined when there is none left. */
export function freeSubnet(taken: readonly Subnet[]): string | undefined {
  for (const [first, count] of ranges) {
    for (let index = 0; index < count; index++) {
      const text = `${formatIpv4((parseIpv4(first) ?? 0) + index * 2 ** (32 - prefix))}/${prefix}`;
      const subnet = parseSubnet(text);
      if (subnet && !taken.some((other) => overlaps(subnet, other))) return text;
    }
  }
  return undefined;
}

/**
 * The gateway and the addresses of DHCP that are usual in a subnet: its first address, and of the rest the upper
 * part, so that there is room below for those that a person gives out. Precondition: it has at most 29 bits.
 */
export function usualAddresses(subnet: Subnet): Pick<NetworkSettings, 'gateway' | 'dhcp'> {
  const size = subnet.broadcast - subnet.network + 1;
  const start = size >= 256 ? 100 : Math.max(Math.floor(size / 4), 2);
  const end = size >= 256 ? Math.min(size - 6, 4000) : size - 2;
  return {
    gateway: formatIpv4(subnet.network + 1),
    dhcp: {
      enabled: true,
      first: formatIpv4(subnet.network + start),
      last: formatIpv4(subnet.network + end),
    },
  };
}
