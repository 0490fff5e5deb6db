import type { z } from 'zod';
import { inSubnet, parseIpv4, parseMac, parseSubnet, type Subnet } from './address';
import type { Forward, NetworkConfig } from './config';

type Checked = Pick<
  NetworkConfig,
  | 'kind'
  | 'gatewayOn'
  | 'subnet'
  | 'gateway'
  | 'dhcp'
  | 'ipv6'
  | 'mtu'
  | 'reservations'
  | 'names'
  | 'routes'
  | 'offers'
  | 'forwards'
  | 'uplink'
  | 'proxy'
>;
type Report = (path: (string | number)[], message: string) => void;

const leastIpv6Mtu = 1280;

/** What the fields of a network say about each other. Each by itself fits its schema. */
export function checkNetwork(config: Checked, context: z.RefinementCtx): void {
  const report: Report = (path, message) => context.addIssue({ code: 'custom', path, message });
  const subnet = parseSubnet(config.subnet);
  if (!subnet) return;
  checkAddresses(config, subnet, report);
  checkReservations(config, subnet, report);
  checkRoutes(config, subnet, report);
  if (config.ipv6 && config.mtu < leastIpv6Mtu) {
    report(['mtu'], `must be at least ${leastIpv6Mtu} where there is IPv6`);
  }
  checkKind(config, report);
  checkForwards(config.forwards, report);
  for (const index of repeated(config.names.map(({ name, address }) => `${name} ${address}`))) {
    report(['names', index], 'is there twice');
  }
  for (const index of repeated(config.offers.map(({ protocol, port }) => `${protocol} ${port}`))) {
    report(['offers', index, 'port'], 'is offered twice');
  }
}

/** What the kind of a network rules out, and asks for. */
function checkKind({ kind, gatewayOn, forwards, offers, uplink, proxy }: Checked, report: Report): void {
  if (kind === 'isolated' || kind === 'bridged') {
    const network = kind === 'isolated' ? 'an isolated network' : 'a bridged network';
    if (forwards.length > 0) report(['forwards'], `are not possible on ${network}`);
    if (offers.length > 0) report(['offers'], `are not possible on ${network}`);
    if (proxy) report(['proxy'], `is not possible on ${network}`);
  }
  if (kind === 'bridged' && gatewayOn) report(['gatewayOn'], 'must be off on a bridged network');
  if (kind === 'bridged' && !uplink) report(['uplink'], 'is missing: a bridged network needs a device');
  if (kind !== 'bridged' && kind !== 'host-only' && uplink) {
    report(['uplink'], 'is possible on host-only and bridged networks only');
  }
}

/** Whether two forwards want a port of the host that is one and the same. */
export function forwardsCollide(a: Forward, b: Forward): boolean {
  if (a.protocol !== b.protocol) return false;
  const everywhere = '0.0.0.0';
  const same = a.hostAddress === b.hostAddress || [a.hostAddress, b.hostAddress].includes(everywhere);
  return same && a.hostPort < b.hostPort + (b.count ?? 1) && b.hostPort < a.hostPort + (a.count ?? 1);
}

function checkForwards(forwards: readonly Forward[], report: Report): void {
  const lastPort = 65_535;
  const mostPorts = 1024;
  forwards.forEach((forward, index) => {
    const { hostPort, guestPort, count = 1 } = forward;
    if (Math.max(hostPort, guestPort) + count - 1 > lastPort) {
      report(['forwards', index, 'count'], `must not reach beyond port ${lastPort}`);
    }
    if (forwards.slice(0, index).some((other) => forwardsCollide(other, forward))) {
      report(['forwards', index, 'hostPort'], 'is forwarded already');
    }
  });
  if (forwards.reduce((sum, { count = 1 }) => sum + count, 0) > mostPorts) {
    report(['forwards'], `must not be more than ${mostPorts} ports together`);
  }
}

function checkAddresses({ gateway, dhcp }: Checked, subnet: Subnet, report: Report): void {
  const inside = (text: string, ...path: string[]): number => {
    const address = parseIpv4(text) ?? -1;
    if (!isHost(address, subnet)) report(path, 'must be an address of a host in the subnet');
    return address;
  };
  inside(gateway, 'gateway');
  const first = inside(dhcp.first, 'dhcp', 'first');
  const last = inside(dhcp.last, 'dhcp', 'last');
  if (first > last) report(['dhcp', 'last'], 'must not come before the first address');
}

function checkReservations({ reservations, gateway }: Checked, subnet: Subnet, report: Report): void {
  reservations.forEach(({ address }, index) => {
    const number = parseIpv4(address) ?? -1;
    if (!isHost(number, subnet) || number === parseIpv4(gateway)) {
      report(['reservations', index, 'address'], 'must be an address of a host in the subnet');
    }
  });
  for (const index of repeated(reservations.map(({ address }) => address))) {
    report(['reservations', index, 'address'], 'is reserved twice');
  }
  for (const index of repeated(reservations.map(({ mac }) => String(parseMac(mac))))) {
    report(['reservations', index, 'mac'], 'has a reservation already');
  }
}

function checkRoutes({ routes }: Checked, subnet: Subnet, report: Report): void {
  routes.forEach(({ via }, index) => {
    if (!isHost(parseIpv4(via) ?? -1, subnet)) {
      report(['routes', index, 'via'], 'must be an address of a host in the subnet');
    }
  });
  for (const index of repeated(routes.map(({ to }) => to))) report(['routes', index, 'to'], 'is there twice');
}

function isHost(address: number, subnet: Subnet): boolean {
  return inSubnet(address, subnet) && address !== subnet.network && address !== subnet.broadcast;
}

/** The places at which something stands that stood before. */
function repeated(values: readonly string[]): number[] {
  return values.flatMap((value, index) => (values.indexOf(value) < index ? [index] : []));
}
