import type { Firewall } from '../firewall/firewall';
import { type Address, formatAddress } from '../ip/address';
import type { Obstacle } from '../ip/ip';
import { inRanges, type Range, ranges } from '../ip/range';
import { hostAddresses } from './host-addresses';

export interface DestinationSettings {
  /** The gateway's own addresses. */
  own: ReadonlySet<Address>;
  /** The network's own addresses. */
  inside: readonly Range[];
  /** Whether there is a way out of the network. */
  internet: boolean;
  /** Ports of the gateway's addresses behind which the host offers something, with the port on its loopback. */
  offers: readonly { protocol: 'tcp' | 'udp'; port: number; hostPort: number }[];
  firewall: Firewall;
}

/** Where a guest's packet really goes, or what its sender is told. `closed`: nobody listens on that port. */
export type Destination =
  | { kind: 'host'; address: string; port: number }
  | { kind: 'closed' }
  | { kind: 'unreachable'; obstacle: Obstacle };

const loopback = '127.0.0.1';

/**
 * Addresses that are nobody's outside, or the host's own: “this network”, loopback, link-local (where clouds keep
 * their machines' secrets), groups, and what is reserved (RFC 6890).
 */
const closed4 = ranges('0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '240.0.0.0/4');
/**
 * Of IPv6 only what is somebody's address: the internet's and private ones. Without the ranges in which IPv4
 * addresses are hidden (6to4, Teredo): they would lead around what is closed there.
 */
const open6 = ranges('2000::/3', 'fc00::/7');
const closed6 = ranges('2002::/16', '2001::/32');

/**
 * Decides where a guest may go. The host's loopback is reached by what is offered, and in no other way.
 *
 * @param port of no meaning for `icmp`
 */
export function destinationOf(
  protocol: 'tcp' | 'udp' | 'icmp',
  address: Address,
  port: number,
  { own, inside, internet, offers, firewall }: DestinationSettings,
): Destination {
  if (own.has(address)) {
    const offer = offers.find((candidate) => candidate.protocol === protocol && candidate.port === port);
    if (!offer) return { kind: 'closed' };
    if (!firewall.permitsOffer(protocol, address, port)) return refuse('prohibited');
    return { kind: 'host', address: loopback, port: offer.hostPort };
  }
  if (inRanges(address, inside)) return refuse('host');
  if (!internet) return refuse('network');
  const text = formatAddress(address);
  if ((port === 0 && protocol !== 'icmp') || isClosed(address) || hostAddresses().loopback.has(text))
    return refuse('prohibited');
  if (!firewall.permitsOut(protocol, address, port)) return refuse('prohibited');
  return { kind: 'host', address: text, port };
}

function isClosed(address: Address): boolean {
  if (typeof address === 'number') return inRanges(address, closed4);
  return !inRanges(address, open6) || inRanges(address, closed6);
}

function refuse(obstacle: Obstacle): Destination {
  return { kind: 'unreachable', obstacle };
}
