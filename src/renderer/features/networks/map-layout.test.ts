import type { MachineSummary } from '@shared/machine/summary';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import type { NetworkSummary } from '@shared/network/summary';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layoutMap, machineNode, networkNode } from './map-layout';

const machineIds = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => letter.repeat(16));

function network(id: string, users: string[], changes: Partial<NetworkConfig> = {}): NetworkSummary {
  return {
    id,
    config: { ...defaultNetwork(), id, name: id, ...changes },
    running: false,
    ports: [],
    users: users.map((machine) => ({ machine, nic: 'nic0', name: machine })),
    leases: [],
    forwardProblems: {},
  };
}
const machines = new Map(
  machineIds.map((id) => [
    id,
    {
      id,
      name: id,
      state: 'off',
      config: {
        nics: [{ id: 'nic0', mac: '52:54:00:00:00:01', model: 'virtio', connected: true, network: 'nat' }],
      },
    } as unknown as MachineSummary,
  ]),
);

describe('the map', () => {
  it('shows ways out where there are any', () => {
    const edges = (changes: Partial<NetworkConfig>) =>
      layoutMap([network('n', [], changes)], machines).edges.map(({ source }) => source);
    expect(edges({})).toEqual(['internet', 'host']);
    expect(edges({ internet: false })).toEqual(['host']);
    expect(edges({ kind: 'host-only' })).toEqual(['host']);
    expect(edges({ kind: 'isolated' })).toEqual([]);
    expect(edges({ gatewayOn: false })).toEqual([]);
    expect(edges({ firewall: { ...defaultNetwork().firewall, noHost: true } })).toEqual(['internet']);
  });

  it('has every network and every machine once, each at a place of its own, and every cable', () => {
    const some = fc.uniqueArray(fc.constantFrom(...machineIds));
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 6 }), (users) => {
        const list = users.map((ids, index) => network(`n${index}`, ids));
        const { nodes, edges } = layoutMap(list, machines);
        const wanted = [...list.map(({ id }) => networkNode(id)), ...new Set(users.flat().map(machineNode))];
        expect(nodes.map(({ id }) => id).sort()).toEqual(['internet', 'host', ...wanted].sort());
        expect(new Set(nodes.map(({ x, y }) => `${x} ${y}`)).size).toBe(nodes.length);
        expect(edges.filter(({ port }) => port)).toHaveLength(users.flat().length);
      }),
    );
  });
});
