import type { NetworkCapabilities } from '@shared/network/draft';
import { type Ref, ref, watch } from 'vue';
import { call } from '../../bridge/client';
import { reportError } from '../../ui/notify';

/** What this computer can do for networks, asked for when it is wanted and whenever that changes. */
export function useCapabilities(wanted: () => string | undefined): Ref<NetworkCapabilities | undefined> {
  const capabilities = ref<NetworkCapabilities>();
  watch(
    wanted,
    async (now) => {
      if (now === undefined) return;
      try {
        capabilities.value = await call('network.capabilities', {});
      } catch (error) {
        reportError(error);
      }
    },
    { immediate: true },
  );
  return capabilities;
}
