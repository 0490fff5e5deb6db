import type { NicConfig } from '@shared/machine/config';
import type { MachineState } from '@shared/machine/state';
import type { MachineSummary } from '@shared/machine/summary';
import { type Condition, type ConditionPresetName, conditionPresets } from '@shared/network/condition';
import type { NetworkSummary } from '@shared/network/summary';

/** A machine's card that is meant to be on a network. */
export interface NetworkPort {
  /** As the switch calls it: `<machine>-<nic>`. */
  port: string;
  machine: string;
  nic: string;
  name: string;
  mac: string;
  state: MachineState;
  /** The cable is plugged in. */
  connected: boolean;
  /** The switch carries its frames now. */
  up: boolean;
  /** What DHCP gave it, or what it said of itself. */
  address: string | undefined;
  condition: Condition | undefined;
}

/** The cards that are meant to be on a network, in the order of the machines' names. Pure. */
export function portsOf(
  network: NetworkSummary,
  machines: ReadonlyMap<string, MachineSummary>,
): NetworkPort[] {
  const cards = [...machines.values()].flatMap((machine) =>
    (machine.config?.nics ?? [])
      .filter((nic) => nic.network === network.id)
      .map((nic) => portOf(network, machine, nic)),
  );
  return cards.sort(
    (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }) || a.nic.localeCompare(b.nic),
  );
}

function portOf(network: NetworkSummary, { id, name, state }: MachineSummary, nic: NicConfig): NetworkPort {
  const port = `${id}-${nic.id}`;
  return {
    port,
    machine: id,
    nic: nic.id,
    name,
    mac: nic.mac,
    state,
    connected: nic.connected,
    up: network.ports.some((one) => one.port === port && one.state === 'up'),
    address: network.leases.find(({ mac }) => mac === nic.mac)?.address,
    condition: network.config.conditions[port],
  };
}

/** What a condition is called; `custom` where a person set it; `none` for a cable as good as can be. */
export function presetOf(condition: Condition | undefined): ConditionPresetName | 'none' | 'custom' {
  if (!condition) return 'none';
  const found = (Object.keys(conditionPresets) as ConditionPresetName[]).find((name) =>
    sameCondition(conditionPresets[name], condition),
  );
  return found ?? 'custom';
}

function sameCondition(a: Condition, b: Condition): boolean {
  return (Object.keys(a) as (keyof Condition)[]).every((key) => a[key] === b[key]);
}

/** Ports whose service a browser or a terminal opens. */
const web: Readonly<Record<number, string>> = {
  80: 'http',
  443: 'https',
  3000: 'http',
  8000: 'http',
  8080: 'http',
};

/** The address of a forwarded port for a browser; undefined where none would understand it. Pure. */
export function webAddress(forward: {
  protocol: string;
  hostAddress: string;
  hostPort: number;
  guestPort: number;
}): string | undefined {
  const scheme = forward.protocol === 'tcp' ? web[forward.guestPort] : undefined;
  return scheme && `${scheme}://${reachable(forward.hostAddress)}:${forward.hostPort}/`;
}

/** The command that logs in through a forwarded port; undefined where it is not SSH's. Pure. */
export function sshCommand(forward: {
  protocol: string;
  hostAddress: string;
  hostPort: number;
  guestPort: number;
}): string | undefined {
  if (forward.protocol !== 'tcp' || forward.guestPort !== 22) return undefined;
  return `ssh -p ${forward.hostPort} ${reachable(forward.hostAddress)}`;
}

/** What listens everywhere is reached from this computer by its loopback. */
const reachable = (address: string): string => (address === '0.0.0.0' ? '127.0.0.1' : address);
