import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { NetworkSummary } from '@shared/network/summary';
import { setConnection } from '../../bridge/client';
import { useNetworks } from '../../stores/networks';
import { useNetworkEdit } from './use-network-edit';

/** A network with only what is changed here. */
const network = (noLan: boolean, noHost: boolean): NetworkSummary =>
  ({ id: 'nat', config: { firewall: { noLan, noHost } } }) as NetworkSummary;

let firewall = network(false, false).config.firewall;

beforeEach(() => {
  setActivePinia(createPinia());
  firewall = network(false, false).config.firewall;
  setConnection({
    on: () => () => {},
    onConnected: () => () => {},
    call: async (_name: string, { changes }: { changes: NetworkSummary['config'] }) => {
      // Main answers later, with what it was told.
      await new Promise((resolve) => setTimeout(resolve, 5));
      firewall = changes.firewall;
      return network(firewall.noLan, firewall.noHost);
    },
  } as unknown as Parameters<typeof setConnection>[0]);
  useNetworks().put(network(false, false));
});
afterEach(() => setConnection(undefined));

it('makes a change from what the one before it has left, also when that has not been answered yet', async () => {
  const { edit } = useNetworkEdit(() => 'nat');
  await Promise.all([
    edit((config) => ({ firewall: { ...config.firewall, noLan: true } })),
    edit((config) => ({ firewall: { ...config.firewall, noHost: true } })),
  ]);
  expect(firewall).toMatchObject({ noLan: true, noHost: true });
});

it('changes nothing where there is no network any more', async () => {
  const { edit } = useNetworkEdit(() => 'gone');
  expect(await edit({ name: 'Lab' })).toBe(false);
});
