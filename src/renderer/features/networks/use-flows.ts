import type { FlowReport } from '@shared/network/flows';
import type { NetworkSummary } from '@shared/network/summary';
import { onBeforeUnmount, ref, shallowRef, watch } from 'vue';
import { call } from '../../bridge/client';

const everyMs = 1000;

/** Who speaks with whom on a network, once a second while the calling component is there. */
export function useFlows(network: () => NetworkSummary) {
  const report = shallowRef<FlowReport>();
  const failure = ref<unknown>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the networks that were looked at, so that a late answer is not taken for one of this. */
  let turn = 0;

  async function look(mine: number): Promise<void> {
    try {
      const now = await call('network.flows', { id: network().id });
      if (mine !== turn) return;
      // The first answer says only that somebody looks now.
      if (now.ms > 0) report.value = now;
      failure.value = undefined;
    } catch (error) {
      if (mine === turn) failure.value = error;
    }
    if (mine === turn) timer = setTimeout(() => void look(mine), everyMs);
  }

  watch(
    () => (network().running ? network().id : undefined),
    (id) => {
      turn++;
      clearTimeout(timer);
      report.value = undefined;
      failure.value = undefined;
      if (id !== undefined) void look(turn);
    },
    { immediate: true },
  );
  onBeforeUnmount(() => {
    turn++;
    clearTimeout(timer);
  });
  return { report, failure };
}
