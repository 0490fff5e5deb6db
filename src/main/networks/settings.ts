import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Failure } from '@shared/errors';
import { formatIpv4, parseSubnet, type Subnet } from '@shared/network/address';
import {
  currentNetworkSchema,
  defaultNetwork,
  networkConfig,
  type NetworkConfig,
  type NetworkSettings,
} from '@shared/network/config';
import type { NetworkChanges, NetworkDraft } from '@shared/network/draft';
import { formatIpv6 } from '@shared/network/ipv6';
import { phrase } from '@shared/phrases/phrase';
import { freeSubnet, overlaps, usualAddresses } from '@shared/network/plan';

/** A private prefix that nobody else has, as far as chance goes (RFC 4193, 3.2.2). */
export function randomPrefix(): { prefix: string } {
  const bytes = Buffer.concat([Buffer.of(0xfd), randomBytes(7), Buffer.alloc(8)]);
  return { prefix: `${formatIpv6(bytes.toString('latin1'))}/64` };
}

/** The default network, out of the way of what this computer uses. */
export function firstNetwork(used: readonly Subnet[]): NetworkConfig {
  const config = { ...defaultNetwork(), ipv6: randomPrefix() };
  const usual = parseSubnet(config.subnet);
  if (!used.some((other) => collides(usual, other))) return config;
  const text = freeSubnet(used);
  const free = text === undefined ? undefined : parseSubnet(text);
  return text === undefined || !free ? config : { ...config, subnet: text, ...usualAddresses(free) };
}

/**
 * Settings for a new network that get along with everything there is.
 *
 * @param used by this computer
 * @throws Failure `network.invalid` when every private subnet is in use
 */
export function suggestSettings(
  kind: NetworkSettings['kind'],
  networks: readonly NetworkConfig[],
  used: readonly Subnet[],
): NetworkSettings {
  const others = networks.map(({ subnet }) => parseSubnet(subnet)).filter((subnet) => subnet !== undefined);
  const free = freeSubnet([...used, ...others]);
  const subnet = free === undefined ? undefined : parseSubnet(free);
  if (free === undefined || !subnet) {
    throw new Failure('network.invalid', phrase('network.noSubnet'), {
      hint: phrase('network.noSubnetHint'),
    });
  }
  const { internet, mtu, firewall, pxe, uplink, proxy } = defaultNetwork();
  return {
    name: freeName(kind, networks),
    kind,
    gatewayOn: kind !== 'bridged',
    internet,
    subnet: free,
    ...usualAddresses(subnet),
    ipv6: randomPrefix(),
    domain: 'vm.internal',
    mtu,
    reservations: [],
    names: [],
    routes: [],
    offers: [],
    firewall,
    pxe,
    uplink,
    proxy,
  };
}

/**
 * The configuration of a new network: what the person said, and for the rest what is suggested.
 *
 * @throws Failure `network.invalid`
 */
export function newNetwork(
  draft: NetworkDraft,
  networks: readonly NetworkConfig[],
  used: readonly Subnet[],
  takenIds: ReadonlySet<string>,
): NetworkConfig {
  const given = draft.subnet === undefined ? undefined : parseSubnet(draft.subnet);
  const suggested = suggestSettings(draft.kind, networks, draft.subnet === undefined ? used : []);
  const addresses = given ? usualAddresses(given) : {};
  return checked(
    {
      schema: currentNetworkSchema,
      id: freeId(draft.name, takenIds),
      ...suggested,
      ...addresses,
      ...withoutMissing(draft),
      forwards: [],
      conditions: {},
    },
    networks,
    used,
  );
}

/**
 * A changed configuration.
 *
 * @throws Failure `network.invalid`
 */
export function changedNetwork(
  before: NetworkConfig,
  changes: NetworkChanges,
  networks: readonly NetworkConfig[],
  used: readonly Subnet[],
): NetworkConfig {
  // Whoever moves a network to another subnet and says no more wants its addresses to come along.
  const moved =
    changes.subnet === undefined || changes.subnet === before.subnet
      ? undefined
      : parseSubnet(changes.subnet);
  const addresses = moved ? { ...usualAddresses(moved), reservations: [], routes: [] } : {};
  const wanted = { ...before, ...addresses, ...withoutMissing(changes) };
  // What this computer is on may have come after the network; only a new subnet is compared with it.
  return checked(wanted, networks, wanted.subnet === before.subnet ? [] : used);
}

function checked(
  wanted: NetworkConfig,
  networks: readonly NetworkConfig[],
  used: readonly Subnet[],
): NetworkConfig {
  const parsed = networkConfig.safeParse(wanted);
  if (!parsed.success) {
    throw new Failure('network.invalid', phrase('network.invalid', { why: z.prettifyError(parsed.error) }));
  }
  const { id, name, subnet: text } = parsed.data;
  const others = networks.filter((other) => other.id !== id);
  if (others.some((other) => other.name.toLowerCase() === name.toLowerCase())) {
    throw new Failure('network.invalid', phrase('network.nameTaken', { name }), {
      hint: phrase('network.nameTakenHint'),
    });
  }
  const subnet = parseSubnet(text);
  const rival = others.find((other) => collides(subnet, parseSubnet(other.subnet)));
  if (rival) {
    const taken = { name: rival.name, subnet: rival.subnet };
    throw new Failure('network.invalid', phrase('network.subnetTaken', taken), {
      hint: phrase('network.subnetHint'),
    });
  }
  const own = used.find((other) => collides(subnet, other));
  if (own) {
    const hidden = { subnet: `${formatIpv4(own.network)}/${own.prefix}`, wanted: text };
    throw new Failure('network.invalid', phrase('network.hostSubnet', hidden), {
      hint: phrase('network.subnetHint'),
    });
  }
  return parsed.data;
}

function collides(a: Subnet | undefined, b: Subnet | undefined): boolean {
  return a !== undefined && b !== undefined && overlaps(a, b);
}

function withoutMissing<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}

function freeName(kind: NetworkSettings['kind'], networks: readonly NetworkConfig[]): string {
  const usual = { nat: 'NAT', 'host-only': 'Host-only', isolated: 'Isolated', bridged: 'Bridged' }[kind];
  const names = new Set(networks.map(({ name }) => name.toLowerCase()));
  for (let number = 1; ; number++) {
    const name = number === 1 ? usual : `${usual} ${number}`;
    if (!names.has(name.toLowerCase())) return name;
  }
}

/** An id that says something in a list of files. */
function freeId(name: string, taken: ReadonlySet<string>): string {
  const word = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 24)
    .replace(/^-+|-+$/g, '');
  const base = word === '' ? 'network' : word;
  for (let number = 1; ; number++) {
    const id = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(id)) return id;
  }
}
