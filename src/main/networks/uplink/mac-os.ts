import { networkInterfaces } from 'node:os';
import { Failure } from '@shared/errors';
import { formatIpv4, parseIpv4, parseSubnet } from '@shared/network/address';
import { hostAddressOn } from '@shared/network/uplink';
import { phrase } from '@shared/phrases/phrase';
import { type UplinkSystem, value } from './system';

/**
 * macOS: its framework `vmnet`, by QEMU's `vmnet-host` and `vmnet-bridged` (QEMU's manual, “Network options”; `vmnet.h`
 * of Apple). It wants the administrator, or a program that Apple has given the right.
 */
export function macUplinks(uid: number): UplinkSystem {
  const rights = (): Failure | undefined =>
    uid === 0
      ? undefined
      : new Failure('file.denied', phrase('network.noVmnet'), { hint: phrase('network.noVmnetHint') });

  return {
    devices: () =>
      Promise.resolve(
        Object.entries(networkInterfaces()).flatMap(([name, addresses]) => {
          const outside = addresses?.find(({ internal }) => !internal);
          if (!outside || !/^en\d+$/.test(name)) return [];
          return [
            { name, kind: 'interface' as const, mac: outside.mac, problem: rights()?.toValue() ?? null },
          ];
        }),
      ),
    ownDevice: () => Promise.resolve(rights()),
    join(config, device) {
      const problem = rights();
      if (problem) return Promise.reject(problem);
      if (config.kind === 'bridged') {
        return Promise.resolve({ netdev: `vmnet-bridged,ifname=${value(device)}`, open: null, setup: [] });
      }
      const subnet = parseSubnet(config.subnet);
      const address = hostAddressOn(config);
      if (!subnet || address === undefined) {
        return Promise.reject(new Failure('network.invalid', phrase('network.badDevice', { device })));
      }
      // This computer takes the first address; the rest of vmnet's range is kept as small as it allows.
      const end = formatIpv4((parseIpv4(address) ?? 0) + 1);
      const range = `start-address=${address},end-address=${end},subnet-mask=${formatIpv4(subnet.mask)}`;
      return Promise.resolve({ netdev: `vmnet-host,${range}`, open: null, setup: [] });
    },
  };
}
