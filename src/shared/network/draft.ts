import { z } from 'zod';
import { errorValue } from '../ipc/messages';
import { networkKind, networkSettings } from './config';
import { uplinkDevice } from './uplink';

const { shape } = networkSettings;
/** The settings without what stands for those that are missing: here that means that nothing is said of them. */
const said = networkSettings
  .extend({
    gatewayOn: shape.gatewayOn.removeDefault(),
    internet: shape.internet.removeDefault(),
    ipv6: shape.ipv6.removeDefault(),
    names: shape.names.removeDefault(),
    routes: shape.routes.removeDefault(),
    firewall: shape.firewall.unwrap(),
    pxe: shape.pxe.removeDefault(),
    uplink: shape.uplink.removeDefault(),
    proxy: shape.proxy.removeDefault(),
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
      kind: networkKind,
      /** Null: networks of this kind can be made here. */
      problem: errorValue.nullable(),
    }),
  ),
  /** Devices of this computer that a network can be joined with, those among them that need rights first. */
  devices: z.array(uplinkDevice),
  /** Why a host-only network cannot have a device made for it while it is used; null: it can. */
  ownDevice: errorValue.nullable(),
  /** The networks that this computer is on or has a way to, as prefixes; a network must not overlap them. */
  hostSubnets: z.array(z.string()),
  /** This computer has an address of the IPv6 internet: machines reach it by IPv6 too. */
  ipv6Internet: z.boolean(),
});
export type NetworkCapabilities = z.infer<typeof networkCapabilities>;
