import type { Firewall as Settings, FirewallRule } from '@shared/network/firewall';
import { type Address, formatAddress } from '../ip/address';
import { inRange, inRanges, parseRange, type Range, ranges } from '../ip/range';
import { hostAddresses } from '../nat/host-addresses';

type Protocol = 'tcp' | 'udp' | 'icmp';

interface Rule extends Omit<FirewallRule, 'address'> {
  range: Range | undefined;
}

/** Where homes and companies have their networks (RFC 1918, 4193, 6598), whether or not the host is on them. */
const privateRanges = ranges('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7');

/** Decides what a person lets pass the gateway. What is closed in any case is not its business. */
export class Firewall {
  private readonly rules: readonly Rule[];

  constructor(private readonly settings: Settings) {
    this.rules = settings.rules.map(({ address, ...rule }) => ({
      ...rule,
      range: address === null ? undefined : parseRange(address),
    }));
  }

  /** A machine begins to speak to an address that is not the gateway's. */
  permitsOut(protocol: Protocol, address: Address, port: number): boolean {
    const decided = this.byRules('out', protocol, address, port);
    if (decided !== undefined) return decided;
    const { noHost, noLan } = this.settings;
    if (!noHost && !noLan) return true;
    const { own, networks } = hostAddresses();
    if (own.has(formatAddress(address))) return !noHost;
    return !noLan || !(inRanges(address, privateRanges) || inRanges(address, networks));
  }

  /** A machine begins to use what this computer offers at the gateway's address. */
  permitsOffer(protocol: Protocol, gateway: Address, port: number): boolean {
    return this.byRules('out', protocol, gateway, port) ?? !this.settings.noHost;
  }

  /**
   * Somebody calls a machine by a forward.
   *
   * @param caller its address
   * @param port of the machine
   */
  permitsIn(protocol: Protocol, caller: Address, port: number): boolean {
    return this.byRules('in', protocol, caller, port) ?? true;
  }

  /** The first rule that fits decides; undefined when none does. */
  private byRules(
    direction: 'in' | 'out',
    protocol: Protocol,
    address: Address,
    port: number,
  ): boolean | undefined {
    for (const rule of this.rules) {
      if (rule.direction !== direction || (rule.protocol ?? protocol) !== protocol) continue;
      if (rule.range && !inRange(address, rule.range)) continue;
      // Pings have no ports: a rule about ports is not about them.
      if (rule.ports && (protocol === 'icmp' || port < rule.ports.first || port > rule.ports.last)) continue;
      return rule.action === 'allow';
    }
    return undefined;
  }
}
