import type { EngineStatus, HostReport } from '@shared/host/report';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { useConnection } from '../bridge/client';

/** What this computer offers. The engines are loaded at the start, the whole report on demand. */
export const useHost = defineStore('host', () => {
  const connection = useConnection();
  const engines = ref<EngineStatus[]>([]);
  const report = ref<HostReport>();
  const failure = ref<unknown>();

  const capabilities = computed(
    () => new Map(engines.value.map(({ capabilities: one }) => [one.id, one] as const)),
  );

  async function loadReport(): Promise<void> {
    try {
      report.value = await connection.call('host.report', {});
      // An engine that was installed meanwhile can be chosen at once.
      engines.value = report.value.engines;
      failure.value = undefined;
    } catch (error) {
      failure.value = error;
    }
  }

  connection.onConnected(async () => {
    engines.value = await connection.call('host.engines', {});
  });

  return { engines, capabilities, report, failure, loadReport };
});
