import { networkInterfaces } from 'node:os';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { type UplinkSystem, value } from './system';

/**
 * Windows: an adapter of the TAP driver that OpenVPN brings (`tap-windows6`), by its name among the network
 * connections (QEMU's manual, `-netdev tap,ifname=`). Bridging it with a card of the computer, or giving it an
 * address, is a person's to do in Windows.
 */
export function windowsUplinks(): UplinkSystem {
  return {
    devices: () =>
      Promise.resolve(
        Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
          (addresses ?? [])
            .slice(0, 1)
            .map(({ mac }) => ({ name, kind: 'tap' as const, mac, problem: null })),
        ),
      ),
    ownDevice: () =>
      Promise.resolve(
        new Failure('host.unavailable', phrase('network.noTapDriver'), {
          hint: phrase('network.noTapDriverHint'),
        }),
      ),
    join: (_config, device) =>
      Promise.resolve({ netdev: `tap,ifname=${value(device)}`, open: null, setup: [] }),
  };
}
