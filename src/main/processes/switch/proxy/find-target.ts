import { inSubnet, parseIpv4 } from '@shared/network/address';
import { parseIpv6 } from '@shared/network/ipv6';
import type { GatewaySettings } from '../gateway/settings';
import type { Ipv4Side } from '../gateway/ipv4-side';
import type { Ipv6Side } from '../gateway/ipv6-side';
import type { Address } from '../ip/address';
import type { ProxyTarget } from './proxy';

export interface TargetSources {
  settings: GatewaySettings;
  ipv4: Ipv4Side;
  ipv6: Ipv6Side | undefined;
  /** The addresses of a machine, or a guest that calls itself so. */
  addressesOf(label: string): Address[];
}

/** Finds the station that a name or an address stands for: one of this network, and not the gateway. */
export function findTarget(
  host: string,
  sources: TargetSources,
  found: (target: ProxyTarget | undefined) => void,
): void {
  const { settings, ipv4, ipv6 } = sources;
  const [address] = addressesFor(host, sources).filter((one) => !settings.own.has(one));
  if (typeof address === 'number' && inSubnet(address, settings.subnet)) {
    ipv4.resolve(address, (mac) => {
      const { gateway } = settings;
      found(
        mac === undefined
          ? undefined
          : { guest: { mac, address }, remote: gateway, stack: ipv4.transport.tcp },
      );
    });
    return;
  }
  const mac = typeof address === 'string' ? ipv6?.bindings.owner(address) : undefined;
  if (address === undefined || mac === undefined || !ipv6 || !settings.ipv6) found(undefined);
  else found({ guest: { mac, address }, remote: settings.ipv6.gateway, stack: ipv6.transport.tcp });
}

function addressesFor(host: string, { settings, addressesOf }: TargetSources): Address[] {
  const address = parseIpv4(host) ?? parseIpv6(host);
  if (address !== undefined) return [address];
  const name = host.toLowerCase().replace(/\.$/, '');
  const suffix = `.${settings.config.domain}`;
  const label = name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
  const given = settings.names.filter((one) => one.name === label || one.name === name);
  return [...addressesOf(label), ...given.map((one) => one.address)];
}
