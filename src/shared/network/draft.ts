import { z } from 'zod';
import { errorValue } from '../ipc/messages';
import { networkSettings } from './config';

const { shape } = networkSettings;
/** The settings without what stands for those that are missing: here that means that nothing is said of them. */
const said = networkSettings
  .extend({
    gatewayOn: shape.gatewayOn.removeDefault(),
    internet: shape.internet.removeDefault(),
    ipv6: shape.ipv6.removeDefault(),
    names: shape.names.removeDefault(),
    firewall: shape.firewall.unwrap(),
    pxe: shape.pxe.removeDefault(),
  })
  .partial();

/** What a person says of a new network; the rest is suggested. */
export const networkDraft = said.required({ name: true, kind: true }).strict();
export type NetworkDraft = z.infer<typeof networkDraft>;

/** What of a network is to become otherwise; what is missing stays. */
export const networkChanges = said.strict();
export type NetworkChanges = z.infer<typeof networkChanges>;

/** What this computer can do for networks. */
export const networkCapabilities = z.object({
  kinds: z.array(
    z.object({
      kind: z.enum(['nat', 'host-only', 'isolated', 'bridged']),
      /** Null: networks of this kind can be made here. */
      problem: errorValue.nullable(),
    }),
  ),
  /** The networks that this computer is on or has a way to, as prefixes; a network must not overlap them. */
  hostSubnets: z.array(z.string()),
  /** This computer has an address of the IPv6 internet: machines reach it by IPv6 too. */
  ipv6Internet: z.boolean(),
});
export type NetworkCapabilities = z.infer<typeof networkCapabilities>;
