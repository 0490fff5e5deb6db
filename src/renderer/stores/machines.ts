import type { MachineSummary } from '@shared/machine/summary';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { useConnection } from '../bridge/client';

/** The machines of the library, kept current by main's events. */
export const useMachines = defineStore('machines', () => {
  const connection = useConnection();
  const byId = ref(new Map<string, MachineSummary>());
  /** False until the list has arrived for the first time. */
  const loaded = ref(false);
  /** The error of the last attempt to load the list. */
  const failure = ref<unknown>();

  const all = computed(() =>
    [...byId.value.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })),
  );
  const names = computed(() => all.value.map(({ name }) => name));

  function put(machine: MachineSummary): void {
    byId.value.set(machine.id, machine);
  }

  function replaceAll(machines: MachineSummary[]): void {
    byId.value = new Map(machines.map((machine) => [machine.id, machine]));
    loaded.value = true;
  }

  async function load(): Promise<void> {
    try {
      replaceAll(await connection.call('machine.list', {}));
      failure.value = undefined;
    } catch (error) {
      failure.value = error;
    }
  }

  /** Looks at every machine's folder again. */
  async function rescan(): Promise<void> {
    replaceAll(await connection.call('machine.rescan', {}));
  }

  connection.on('machine.changed', put);
  connection.on('machine.removed', ({ id }) => {
    byId.value.delete(id);
  });
  connection.onConnected(load);

  return { byId, all, names, loaded, failure, put, load, rescan };
});
