import type { NetworkSummary } from '@shared/network/summary';
import { onBeforeUnmount, type Ref, ref } from 'vue';
import { useConnection } from '../../bridge/client';
import { reportError } from '../../ui/notify';

/** The networks that there are, kept up to date while the calling component is there. */
export function useNetworkList(): Ref<NetworkSummary[]> {
  const connection = useConnection();
  const networks = ref<NetworkSummary[]>([]);
  const load = (): void => {
    connection
      .call('network.list', {})
      .then((list) => (networks.value = list))
      .catch(reportError);
  };
  const others = (id: string): NetworkSummary[] => networks.value.filter((network) => network.id !== id);
  const ends = [
    connection.onConnected(load),
    connection.on('network.changed', (network) => {
      networks.value = [...others(network.id), network].sort((a, b) =>
        a.config.name.localeCompare(b.config.name),
      );
    }),
    connection.on('network.removed', ({ id }) => (networks.value = others(id))),
  ];
  onBeforeUnmount(() => ends.forEach((end) => end()));
  return networks;
}
