import { networkInterfaces } from 'node:os';
import { formatIpv4 } from '@shared/network/address';
import { type ErrorValue, Failure } from '@shared/errors';
import type { NetworkCapabilities } from '@shared/network/draft';
import type { UplinkDevice } from '@shared/network/uplink';
import { phrase } from '@shared/phrases/phrase';
import { hostSubnets } from './host-subnets';
import type { Uplinks } from './uplink/uplinks';

/** What has a person's own TAP device made, and on a bridge that there is. */
const usualCommand = 'sudo ip tuntap add dev vm0 mode tap user "$USER" && sudo ip link set vm0 master br0 up';

/** What networks can be on this computer, and why others cannot. */
export async function networkCapabilities(uplinks: Uplinks): Promise<NetworkCapabilities> {
  const [subnets, devices, own, obstacle] = await Promise.all([
    hostSubnets(),
    uplinks.devices(),
    uplinks.ownDevice(),
    uplinks.obstacle(),
  ]);
  const problem = obstacle?.toValue() ?? bridgedProblem(devices);
  return {
    kinds: [
      { kind: 'nat', problem: null },
      { kind: 'host-only', problem: null },
      { kind: 'isolated', problem: null },
      { kind: 'bridged', problem },
    ],
    devices,
    ownDevice: (obstacle ?? own)?.toValue() ?? null,
    hostSubnets: [...new Set(subnets.map(({ network, prefix }) => `${formatIpv4(network)}/${prefix}`))],
    ipv6Internet: hasGlobalIpv6(),
  };
}

/** Where there are devices but none that may be used, the first one's reason says what to do. */
function bridgedProblem(devices: readonly UplinkDevice[]): ErrorValue | null {
  const [first] = devices;
  if (first) return devices.every(({ problem }) => problem) ? first.problem : null;
  return new Failure('host.unavailable', phrase('network.noJoinable'), {
    hint:
      process.platform === 'linux'
        ? phrase('network.noJoinableLinux', { command: usualCommand })
        : phrase('network.noJoinableHint'),
  }).toValue();
}

/** Addresses that the world can answer to begin with 2 or 3 (RFC 4291, 2.4). */
function hasGlobalIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(
      ({ family, internal, address }) => family === 'IPv6' && !internal && /^[23]/.test(address),
    ),
  );
}
