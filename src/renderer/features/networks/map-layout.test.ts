import type { MachineSummary } from '@shared/machine/summary';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import type { NetworkSummary } from '@shared/network/summary';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutMap, machineNode, networkNode } from './map-layout';

function network(id: string, changes: Partial<NetworkConfig> = {}): NetworkSummary {
  return {
    id,
    config: { ...defaultNetwork(), id, name: id, ...changes },
    running: false,
    ports: [],
    users: [],
    leases: [],
    uplink: null,
    proxyProblem: null,
    forwardProblems: {},
  };
}

/** A machine with a card on each of the networks. */
function machine(id: string, networks: readonly string[]): MachineSummary {
  const nics = networks.map((on, index) => ({
    id: `nic${index}`,
    mac: `52:54:00:00:00:0${index}`,
    model: 'virtio',
    connected: true,
    network: on,
  }));
  return { id, name: id, state: 'off', config: { nics } } as unknown as MachineSummary;
}

describe('the map', () => {
  it('shows ways out where there are any', () => {
    const edges = (changes: Partial<NetworkConfig>) =>
      layoutMap([network('n', changes)], new Map()).edges.map(({ source }) => source);
    expect(edges({})).toEqual(['internet', 'host']);
    expect(edges({ internet: false })).toEqual(['host']);
    expect(edges({ kind: 'host-only' })).toEqual(['host']);
    expect(edges({ kind: 'isolated' })).toEqual([]);
    expect(edges({ gatewayOn: false })).toEqual([]);
    expect(edges({ firewall: { ...defaultNetwork().firewall, noHost: true } })).toEqual(['internet']);
  });

  it('has every network and every machine once, each at a place of its own, and every cable', () => {
    const ids = ['n0', 'n1', 'n2', 'n3'];
    const some = fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1 });
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{16}$/), some, { maxKeys: 12 }), (cards) => {
        const machines = new Map(Object.entries(cards).map(([id, on]) => [id, machine(id, on)]));
        const { nodes, edges } = layoutMap(
          ids.map((id) => network(id)),
          machines,
        );
        const wanted = [...ids.map(networkNode), ...Object.keys(cards).map(machineNode)];
        expect(nodes.map(({ id }) => id).sort()).toEqual(['internet', 'host', ...wanted].sort());
        expect(new Set(nodes.map(({ x, y }) => `${x} ${y}`)).size).toBe(nodes.length);
        expect(edges.filter(({ port }) => port)).toHaveLength(Object.values(cards).flat().length);
      }),
    );
  });
});
