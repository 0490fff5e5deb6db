import { networkInterfaces } from 'node:os';
import { formatIpv4, inSubnet, parseIpv4, type Subnet } from '@shared/network/address';
import { unreachable, type UnreachableCode } from '../icmp/icmp';

export interface DestinationSettings {
  gateway: number;
  subnet: Subnet;
  /** Whether there is a way out of the network. */
  internet: boolean;
  /** Ports of the gateway's address behind which the host offers something, with the port on its loopback. */
  offers: readonly { protocol: 'tcp' | 'udp'; port: number; hostPort: number }[];
}

/** Where a guest's packet really goes, or what its sender is told. `closed`: nobody listens on that port. */
export type Destination =
  | { kind: 'host'; address: string; port: number }
  | { kind: 'closed' }
  | { kind: 'unreachable'; code: UnreachableCode };

const loopback = '127.0.0.1';

/**
 * Addresses that are nobody's outside, or the host's own: “this network”, loopback, link-local (where clouds keep
 * their machines' secrets), groups, and what is reserved (RFC 6890).
 */
const closed: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const closedRanges = closed.map(([network, prefix]) => {
  const first = parseIpv4(network) ?? 0;
  return { first, last: first + 2 ** (32 - prefix) - 1 };
});

/** How long the host's own addresses are remembered, in milliseconds. */
const ownMs = 5000;
let own = { read: -Infinity, addresses: new Set<string>() };

/** The addresses of the host's loopback interfaces, which may be others than those of 127.0.0.0/8. */
function loopbackAddresses(): ReadonlySet<string> {
  const now = performance.now();
  if (now - own.read > ownMs) {
    const internal = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter((address) => address.internal);
    own = { read: now, addresses: new Set(internal.map(({ address }) => address)) };
  }
  return own.addresses;
}

/** Decides where a guest may go. The host's loopback is reached by what is offered, and in no other way. */
export function destinationOf(
  protocol: 'tcp' | 'udp',
  address: number,
  port: number,
  { gateway, subnet, internet, offers }: DestinationSettings,
): Destination {
  if (address === gateway) {
    const offer = offers.find((candidate) => candidate.protocol === protocol && candidate.port === port);
    return offer ? { kind: 'host', address: loopback, port: offer.hostPort } : { kind: 'closed' };
  }
  const refuse = (code: UnreachableCode): Destination => ({ kind: 'unreachable', code });
  if (inSubnet(address, subnet)) return refuse(unreachable.host);
  if (!internet) return refuse(unreachable.network);
  if (closedRanges.some(({ first, last }) => address >= first && address <= last)) {
    return refuse(unreachable.prohibited);
  }
  const text = formatIpv4(address);
  if (port === 0 || loopbackAddresses().has(text)) return refuse(unreachable.prohibited);
  return { kind: 'host', address: text, port };
}
