import { Failure, type ErrorValue } from '@shared/errors';
import type { NetworkCapabilities } from '@shared/network/draft';
import type { NetworkSummary } from '@shared/network/summary';
import { phrase } from '@shared/phrases/phrase';

/**
 * Why a network is not joined with its device, or will not be when a machine starts; null where nothing is known that
 * is in the way. Pure.
 */
export function uplinkProblem(
  { config, uplink }: Pick<NetworkSummary, 'config' | 'uplink'>,
  capabilities: NetworkCapabilities | undefined,
): ErrorValue | null {
  if (!config.uplink) return null;
  if (uplink) return uplink.problem;
  if (!capabilities) return null;
  const { device } = config.uplink;
  const there = capabilities.devices.find(({ name }) => name === device);
  if (there) return there.problem;
  if (config.kind === 'host-only') return capabilities.ownDevice;
  return new Failure('host.unavailable', phrase('network.noDevice', { device }), {
    hint: phrase('network.noDeviceHint'),
  }).toValue();
}
