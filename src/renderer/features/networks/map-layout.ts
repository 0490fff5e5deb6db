import type { MachineSummary } from '@shared/machine/summary';
import { hasProcess } from '@shared/machine/state';
import type { NetworkSummary } from '@shared/network/summary';
import { type NetworkPort, portsOf } from './ports';

/** What is drawn, and where; positions in pixels from the top left. */
export interface MapNode {
  id: string;
  kind: 'internet' | 'host' | 'network' | 'machine';
  x: number;
  y: number;
}

/** A line between two nodes; `port` where it is a machine's cable. */
export interface MapEdge {
  id: string;
  source: string;
  target: string;
  port?: NetworkPort;
}

export interface NetworkMapLayout {
  nodes: MapNode[];
  edges: MapEdge[];
}

const gap = { outside: 110, network: 260, machine: 190, row: 130 };
const rows = { outside: 0, network: 130, machine: 320 };
/** Machines beside each other, at least. */
const leastPerRow = 4;

export const networkNode = (id: string): string => `network-${id}`;
export const machineNode = (id: string): string => `machine-${id}`;

/**
 * The world above, networks below it, and their machines below them, in the order of the networks. The same networks and machines always give the same map. Pure.
 */
export function layoutMap(
  networks: readonly NetworkSummary[],
  machines: ReadonlyMap<string, MachineSummary>,
): NetworkMapLayout {
  const width = (networks.length - 1) * gap.network;
  const nodes: MapNode[] = [
    { id: 'internet', kind: 'internet', x: width / 2 - gap.outside, y: rows.outside },
    { id: 'host', kind: 'host', x: width / 2 + gap.outside, y: rows.outside },
  ];
  const edges: MapEdge[] = [];
  const order: string[] = [];
  networks.forEach((network, index) => {
    const { id, config } = network;
    nodes.push({ id: networkNode(id), kind: 'network', x: index * gap.network, y: rows.network });
    if (config.gatewayOn && config.kind === 'nat' && config.internet) {
      edges.push({ id: `internet-${id}`, source: 'internet', target: networkNode(id) });
    }
    const gatewayLeads = config.gatewayOn && config.kind !== 'isolated' && !config.firewall.noHost;
    if (gatewayLeads || config.uplink) {
      edges.push({ id: `host-${id}`, source: 'host', target: networkNode(id) });
    }
    for (const port of portsOf(network, machines)) {
      if (!order.includes(port.machine)) order.push(port.machine);
      const ends = { source: machineNode(port.machine), target: networkNode(id) };
      edges.push({ id: port.port, ...ends, port });
    }
  });
  const perRow = Math.max(leastPerRow, Math.ceil(width / gap.machine) + 1);
  const left = width / 2 - ((Math.min(perRow, order.length) - 1) * gap.machine) / 2;
  order.forEach((id, index) => {
    const row = Math.floor(index / perRow);
    nodes.push({
      id: machineNode(id),
      kind: 'machine',
      x: left + (index % perRow) * gap.machine,
      y: rows.machine + row * gap.row,
    });
  });
  return { nodes, edges };
}

/** A cable is drawn as live when its machine runs and it is plugged in. */
export const isLive = ({ state, connected, up }: NetworkPort): boolean =>
  hasProcess(state) && connected && up;
