import { z } from 'zod';
import { machineId } from '../machine/config';
import { parseIpv4, parseMac, parseSubnet } from './address';
import { checkNetwork } from './check';
import { condition } from './condition';
import { firewall } from './firewall';
import { parseIpv6, parsePrefix6 } from './ipv6';
import { uplink } from './uplink';

/** The version of `networks/<id>.json` that this build writes. */
export const currentNetworkSchema = 1;

export const networkId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/);
/** The network that every data folder has, and that new machines are plugged into. */
export const defaultNetworkId = 'nat';

const ipv4 = z.string().refine((text) => parseIpv4(text) !== undefined, 'must be an IPv4 address');
const mac = z.string().refine((text) => parseMac(text) !== undefined, 'must be a MAC address');
const port = z.number().int().min(1).max(65_535);
const protocol = z.enum(['tcp', 'udp']);

/** A port of the host that leads to a machine. */
export const forward = z.strictObject({
  id: z.string().regex(/^[a-z0-9]{1,32}$/),
  protocol,
  /** The host's address on which it listens; its loopback keeps it to this computer. */
  hostAddress: ipv4.default('127.0.0.1'),
  hostPort: port,
  machine: machineId,
  guestPort: port,
  /** So many ports one after the other, from `hostPort` and `guestPort` on; one when missing. */
  count: z.number().int().min(1).max(1000).optional(),
});
export type Forward = z.infer<typeof forward>;

/** A machine's card, as the port of a network is called that it is plugged into: `<machine>-<nic>`. */
export const portId = z.string().regex(/^[a-z0-9]{1,32}-[A-Za-z0-9_-]{1,31}$/);

/**
 * `nat`: machines reach each other, this computer by what it offers, and through it the world. `host-only`: all of
 * that but the world, and by a device of this computer (`uplink`) everything that listens there. `isolated`: machines
 * reach each other only; forwards and offers are not allowed. `bridged`: machines are on the network that `uplink` is
 * on, and there is no gateway of ours.
 */
export const networkKind = z.enum(['nat', 'host-only', 'isolated', 'bridged']);
export type NetworkKind = z.infer<typeof networkKind>;

/** A host name, or several labels of one, without the network's domain. */
const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/)
  .max(200);

/** What a person may set of a network. */
export const networkSettings = z.object({
  name: z.string().trim().min(1).max(100),
  kind: networkKind,
  /** Without a gateway there are cables and nothing else: no addresses, no names, no way out. */
  gatewayOn: z.boolean().default(true),
  /** Whether the world is reached; of no meaning but on a NAT network. */
  internet: z.boolean().default(true),
  subnet: z.string().refine((text) => {
    const subnet = parseSubnet(text);
    return subnet !== undefined && subnet.prefix >= 8 && subnet.prefix <= 29;
  }, 'must be a prefix such as 10.86.0.0/24, of 8 to 29 bits'),
  /** Where DHCP, DNS and, on a NAT network, the way out are. */
  gateway: ipv4,
  /** The addresses that are given out to whoever asks. */
  dhcp: z.object({ enabled: z.boolean().default(true), first: ipv4, last: ipv4 }),
  /** The prefix from which machines make themselves addresses (RFC 4862); the gateway has its address 1. Null: off. */
  ipv6: z
    .object({
      prefix: z.string().refine((text) => {
        const prefix = parsePrefix6(text);
        return prefix?.prefix === 64 && prefix.network.charCodeAt(0) === 0xfd;
      }, 'must be a private prefix of 64 bits, such as fd12:3456:789a::/64'),
    })
    .nullable()
    .default(null),
  /** Machines' names end in it. */
  domain: hostName,
  /** Bytes of the longest packet; IPv6 asks for at least 1280. */
  mtu: z.number().int().min(576).max(65_520),
  reservations: z.array(z.object({ mac, address: ipv4 })).max(1024),
  /** Names besides those of machines. */
  names: z
    .array(
      z.object({
        name: hostName,
        address: z
          .string()
          .refine(
            (text) => parseIpv4(text) !== undefined || parseIpv6(text) !== undefined,
            'must be an address',
          ),
      }),
    )
    .max(1024)
    .default([]),
  /** Ways to networks behind machines of this one, told to guests by DHCP: `via` is a machine's address. */
  routes: z
    .array(
      z.object({
        to: z
          .string()
          .refine((text) => parseSubnet(text) !== undefined, 'must be a prefix such as 10.1.0.0/16'),
        via: ipv4,
      }),
    )
    .max(24)
    .default([]),
  /** Services on the host's loopback that machines reach at the gateway's address. */
  offers: z.array(z.object({ protocol, port, hostPort: port })).max(256),
  firewall: firewall.prefault({}),
  /** What machines that boot from the network are given: a folder's files by TFTP. Null: nothing. */
  pxe: z
    .object({
      /** Absolute path; nothing in it is changed, and nothing outside of it is read. */
      folder: z.string().min(1).max(4096),
      /** In that folder: what is started by machines with a BIOS, and by those with UEFI. */
      bootFile: z.string().min(1).max(127),
      uefiBootFile: z.string().min(1).max(127).nullable().default(null),
    })
    .nullable()
    .default(null),
  /** The device of this computer that a bridged network is joined with, and that a host-only one may be. */
  uplink: uplink.nullable().default(null),
  /** A port of this computer's loopback that programs reach machines by: SOCKS 5 and HTTP. Null: none. */
  proxy: z.strictObject({ port }).nullable().default(null),
});
export type NetworkSettings = z.infer<typeof networkSettings>;

/** `networks/<id>.json`. Unknown fields survive a round trip. */
export const networkConfig = z
  .looseObject({
    schema: z.literal(currentNetworkSchema),
    id: networkId,
    ...networkSettings.shape,
    forwards: z.array(forward).max(256),
    /** By port: what its cable is like. */
    conditions: z.record(portId, condition).default({}),
  })
  .superRefine(checkNetwork);
export type NetworkConfig = z.infer<typeof networkConfig>;

/** The network that machines are plugged into when nobody says otherwise. */
export function defaultNetwork(): NetworkConfig {
  return {
    schema: currentNetworkSchema,
    id: defaultNetworkId,
    name: 'NAT',
    kind: 'nat',
    gatewayOn: true,
    internet: true,
    subnet: '10.86.0.0/24',
    gateway: '10.86.0.1',
    dhcp: { enabled: true, first: '10.86.0.100', last: '10.86.0.250' },
    ipv6: null,
    domain: 'vm.internal',
    mtu: 1500,
    reservations: [],
    names: [],
    routes: [],
    offers: [],
    firewall: { rules: [], noLan: false, noHost: false, separate: false },
    pxe: null,
    uplink: null,
    proxy: null,
    forwards: [],
    conditions: {},
  };
}
