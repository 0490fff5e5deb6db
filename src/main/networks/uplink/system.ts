import type { Failure } from '@shared/errors';
import type { NetworkConfig } from '@shared/network/config';
import type { UplinkDevice, UplinkPlan } from '@shared/network/uplink';

/** How a program is to be joined with a device: QEMU's words for it, and what else it takes. */
export interface Joined extends Pick<UplinkPlan, 'open' | 'setup'> {
  /** The `-netdev` option, without its id. */
  netdev: string;
}

/** What one operating system has to join networks with. Nothing is changed by asking. */
export interface UplinkSystem {
  devices(): Promise<UplinkDevice[]>;
  /** Why no device can be made for a host-only network; undefined: one can. */
  ownDevice(): Promise<Failure | undefined>;
  /** @throws Failure `host.unavailable`, `file.denied`: what is in the way, and what to do */
  join(config: NetworkConfig, device: string): Promise<Joined>;
}

/** QEMU doubles the commas of values (its manual, “QEMU Options”). */
export const value = (text: string): string => text.replaceAll(',', ',,');
