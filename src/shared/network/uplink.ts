import { z } from 'zod';
import { errorValue } from '../ipc/messages';
import { formatIpv4, inSubnet, parseIpv4, parseSubnet } from './address';
import type { NetworkConfig } from './config';

/** A device of this computer that a network of machines is joined with, as its system calls it. */
export const uplink = z.strictObject({
  /** On Linux a bridge, a TAP or a macvtap device; elsewhere a network interface. */
  device: z
    .string()
    .min(1)
    .max(128)
    .refine((text) => [...text].every((character) => character >= ' ' && character !== '\x7f'), {
      message: 'must be the name of a device',
    }),
});
export type UplinkConfig = z.infer<typeof uplink>;

/** A device that could be one. */
export const uplinkDevice = z.object({
  name: z.string(),
  kind: z.enum(['bridge', 'tap', 'macvtap', 'interface']),
  /** Its own hardware address; null where the system does not tell. */
  mac: z.string().nullable(),
  /** Why machines cannot be joined with it; null: they can. */
  problem: errorValue.nullable(),
});
export type UplinkDevice = z.infer<typeof uplinkDevice>;

/** How a switch gets to a device: by a program that carries frames between it and a local socket. */
export const uplinkPlan = z.strictObject({
  /** Where the program listens, in QEMU's framing: a unix socket, or a port as `127.0.0.1:1234`. */
  address: z.string().max(512),
  program: z.string().max(4096),
  args: z.array(z.string().max(4096)).max(64),
  /** A file that the program gets open as its file descriptor 3. */
  open: z.string().max(4096).nullable(),
  /** Commands that give a device that the program has made its address; run once it is there. */
  setup: z.array(z.array(z.string().max(256)).min(1)).max(8),
});
export type UplinkPlan = z.infer<typeof uplinkPlan>;

/** How it fares. */
export const uplinkReport = z.object({
  state: z.enum(['connecting', 'up', 'failed']),
  /** Why it is not up. */
  problem: errorValue.nullable(),
});
export type UplinkReport = z.infer<typeof uplinkReport>;

/** Its place on the switch. No machine has this id. */
export const uplinkPort = (network: string): string => `uplink-${network}`;

/**
 * The address that this computer has on a host-only network by its device: the lowest that is neither the gateway's
 * nor given out. Undefined when there is none left. Pure.
 */
export function hostAddressOn(
  config: Pick<NetworkConfig, 'subnet' | 'gateway' | 'dhcp' | 'reservations'>,
): string | undefined {
  const subnet = parseSubnet(config.subnet);
  const gateway = parseIpv4(config.gateway);
  const [first = 0, last = 0] = [config.dhcp.first, config.dhcp.last].map((text) => parseIpv4(text) ?? 0);
  const reserved = new Set(config.reservations.map(({ address }) => parseIpv4(address)));
  if (!subnet) return undefined;
  for (let address = subnet.network + 1; inSubnet(address, subnet) && address < subnet.broadcast; address++) {
    if (address >= first && address <= last) address = last;
    else if (address !== gateway && !reserved.has(address)) return formatIpv4(address);
  }
  return undefined;
}
