import type { NetworkConfig } from '@shared/network/config';
import type { NetworkChanges } from '@shared/network/draft';
import { ref } from 'vue';
import { call } from '../../bridge/client';
import { useNetworks } from '../../stores/networks';

/** Changes a network, and keeps what went wrong for the form that asked. */
export function useNetworkEdit(id: () => string) {
  const networks = useNetworks();
  const failure = ref<unknown>();

  let last: Promise<unknown> = Promise.resolve();

  /**
   * Changes come one after the other: one that is made from what the network is must not undo the one before it.
   * @returns whether it worked
   */
  function edit(changes: NetworkChanges | ((config: NetworkConfig) => NetworkChanges)): Promise<boolean> {
    const result = last.then(() => change(changes));
    last = result;
    return result;
  }

  async function change(
    wanted: NetworkChanges | ((config: NetworkConfig) => NetworkChanges),
  ): Promise<boolean> {
    failure.value = undefined;
    const network = networks.byId.get(id());
    // It was deleted meanwhile: there is nothing to change, and no page to say so on.
    if (!network) return false;
    try {
      const changes = typeof wanted === 'function' ? wanted(network.config) : wanted;
      networks.put(await call('network.edit', { id: network.id, changes }));
      return true;
    } catch (error) {
      failure.value = error;
      return false;
    }
  }

  return { edit, failure };
}
