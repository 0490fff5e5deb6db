import { networkInterfaces } from 'node:os';
import { formatIpv4 } from '@shared/network/address';
import { Failure } from '@shared/errors';
import type { NetworkCapabilities } from '@shared/network/draft';
import { phrase } from '@shared/phrases/phrase';
import { hostSubnets } from './host-subnets';

/** What networks can be on this computer, and why others cannot. */
export async function networkCapabilities(): Promise<NetworkCapabilities> {
  const bridged = new Failure('host.unavailable', phrase('network.bridged'), {
    hint: phrase('network.bridgedHint'),
  }).toValue();
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
