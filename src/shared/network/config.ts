import { z } from 'zod';
import { machineId } from '../machine/config';
import { inSubnet, parseIpv4, parseMac, parseSubnet } from './address';

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
});
export type Forward = z.infer<typeof forward>;

/**
 * `networks/<id>.json`. Unknown fields survive a round trip.
 *
 * `nat`: machines reach each other and, through the host, the world. `isolated`: machines reach each other only.
 */
export const networkConfig = z
  .looseObject({
    schema: z.literal(currentNetworkSchema),
    id: networkId,
    name: z.string().min(1).max(100),
    kind: z.enum(['nat', 'isolated']),
    subnet: z.string().refine((text) => {
      const subnet = parseSubnet(text);
      return subnet !== undefined && subnet.prefix >= 8 && subnet.prefix <= 29;
    }, 'must be a prefix such as 10.86.0.0/24, of 8 to 29 bits'),
    /** Where DHCP, DNS and, on a NAT network, the way out are. */
    gateway: ipv4,
    /** The addresses that are given out to whoever asks. */
    dhcp: z.object({ first: ipv4, last: ipv4 }),
    /** Machines' names end in it. */
    domain: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/)
      .max(200),
    /** Bytes of the longest packet. */
    mtu: z.number().int().min(576).max(65_520),
    reservations: z.array(z.object({ mac, address: ipv4 })).max(1024),
    /** Services on the host's loopback that machines reach at the gateway's address. */
    offers: z.array(z.object({ protocol, port, hostPort: port })).max(256),
    forwards: z.array(forward).max(256),
  })
  .refine(({ subnet, gateway, dhcp }) => {
    const parsed = parseSubnet(subnet);
    const [own, first, last] = [gateway, dhcp.first, dhcp.last].map((text) => parseIpv4(text) ?? -1);
    if (!parsed || own === undefined || first === undefined || last === undefined) return false;
    const inside = [own, first, last].every(
      (address) => inSubnet(address, parsed) && address !== parsed.network && address !== parsed.broadcast,
    );
    return inside && first <= last;
  }, 'the gateway and the addresses of DHCP must be in the subnet, in order');
export type NetworkConfig = z.infer<typeof networkConfig>;

/** The network that machines are plugged into when nobody says otherwise. */
export function defaultNetwork(): NetworkConfig {
  return {
    schema: currentNetworkSchema,
    id: defaultNetworkId,
    name: 'NAT',
    kind: 'nat',
    subnet: '10.86.0.0/24',
    gateway: '10.86.0.1',
    dhcp: { first: '10.86.0.100', last: '10.86.0.250' },
    domain: 'vm.internal',
    mtu: 1500,
    reservations: [],
    offers: [],
    forwards: [],
  };
}
