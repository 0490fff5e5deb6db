import type { NetworkChanges } from '@shared/network/draft';
import { ref } from 'vue';
import { call } from '../../bridge/client';
import { useNetworks } from '../../stores/networks';

/** Changes a network, and keeps what went wrong for the form that asked. */
export function useNetworkEdit(id: () => string) {
  const networks = useNetworks();
  const failure = ref<unknown>();

  /** @returns whether it worked */
  async function edit(changes: NetworkChanges): Promise<boolean> {
    failure.value = undefined;
    try {
      networks.put(await call('network.edit', { id: id(), changes }));
      return true;
    } catch (error) {
      failure.value = error;
      return false;
    }
  }

  return { edit, failure };
}
