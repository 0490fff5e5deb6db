import { networkInterfaces } from 'node:os';
import { formatIpv4 } from '@shared/network/address';
import type { ErrorValue } from '@shared/errors';
import type { NetworkCapabilities } from '@shared/network/draft';
import { hostSubnets } from './host-subnets';

/** Why nobody gets a bridged network, by platform: what it would take. */
const bridgedHints: Partial<Record<NodeJS.Platform, string>> = {
  linux:
    'It would take a bridge or macvtap device that an administrator makes. Use a NAT network with port forwards instead: machines are reached at this computer’s addresses then.',
  darwin:
    'It would take Apple’s vmnet, which only signed programs with a special permission may use. Use a NAT network with port forwards instead.',
  win32:
    'It would take the driver of a virtual adapter, which an administrator installs. Use a NAT network with port forwards instead.',
};

/** What networks can be on this computer, and why others cannot. */
export async function networkCapabilities(): Promise<NetworkCapabilities> {
  const bridged: ErrorValue = {
    code: 'host.unavailable',
    message:
      'Machines cannot be put directly on a network that this computer is on: that needs rights that Vivarium does not ask for.',
    hint: bridgedHints[process.platform] ?? 'Use a NAT network with port forwards instead.',
  };
  const subnets = await hostSubnets();
  return {
    kinds: [
      { kind: 'nat', problem: null },
      { kind: 'host-only', problem: null },
      { kind: 'isolated', problem: null },
      { kind: 'bridged', problem: bridged },
    ],
    hostSubnets: [...new Set(subnets.map(({ network, prefix }) => `${formatIpv4(network)}/${prefix}`))],
    ipv6Internet: hasGlobalIpv6(),
  };
}

/** Addresses that the world can answer to begin with 2 or 3 (RFC 4291, 2.4). */
function hasGlobalIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(
      ({ family, internal, address }) => family === 'IPv6' && !internal && /^[23]/.test(address),
    ),
  );
}
