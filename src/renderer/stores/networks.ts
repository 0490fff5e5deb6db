import type { NetworkStatistics } from '@shared/network/report';
import type { NetworkSummary } from '@shared/network/summary';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { useConnection } from '../bridge/client';

/** Bytes and frames a second of one port, seen from its machine. */
export interface PortRate {
  sent: number;
  received: number;
  dropped: number;
}

interface Sample {
  at: number;
  statistics: NetworkStatistics;
}

/** Frames that did not arrive, for whatever reason. */
const lossOf = (port: NetworkStatistics['ports'][number]): number =>
  port.droppedFrames + port.unconnectedFrames + port.refusedFrames + port.lostFrames;

/** Without news for so long nothing moves any more, in milliseconds. */
const quietMs = 2500;

/** The networks that there are, with what passes them, kept current by main's events. */
export const useNetworks = defineStore('networks', () => {
  const connection = useConnection();
  const byId = ref(new Map<string, NetworkSummary>());
  const loaded = ref(false);
  /** The error of the last attempt to load the list. */
  const failure = ref<unknown>();
  const statistics = ref(new Map<string, NetworkStatistics>());
  const rates = ref(new Map<string, PortRate>());
  const samples = new Map<string, Sample>();
  const quiet = new Map<string, ReturnType<typeof setTimeout>>();

  const all = computed(() =>
    [...byId.value.values()].sort((a, b) =>
      a.config.name.localeCompare(b.config.name, undefined, { numeric: true }),
    ),
  );

  async function load(): Promise<void> {
    try {
      const list = await connection.call('network.list', {});
      byId.value = new Map(list.map((network) => [network.id, network]));
      failure.value = undefined;
      loaded.value = true;
    } catch (error) {
      failure.value = error;
    }
  }

  function put(network: NetworkSummary): void {
    byId.value.set(network.id, network);
  }

  function measure(id: string, latest: NetworkStatistics): void {
    const before = samples.get(id);
    const at = performance.now();
    samples.set(id, { at, statistics: latest });
    statistics.value.set(id, latest);
    clearTimeout(quiet.get(id));
    quiet.set(
      id,
      setTimeout(() => {
        for (const { port } of latest.ports) rates.value.set(port, { sent: 0, received: 0, dropped: 0 });
      }, quietMs),
    );
    if (!before) return;
    const seconds = (at - before.at) / 1000;
    for (const port of latest.ports) {
      const old = before.statistics.ports.find((one) => one.port === port.port);
      if (!old || seconds <= 0) continue;
      const perSecond = (now: number, then: number): number => Math.max(0, now - then) / seconds;
      rates.value.set(port.port, {
        // what the switch receives, the machine has sent
        sent: perSecond(port.receivedBytes, old.receivedBytes),
        received: perSecond(port.sentBytes, old.sentBytes),
        dropped: perSecond(lossOf(port), lossOf(old)),
      });
    }
  }

  connection.on('network.changed', put);
  connection.on('network.removed', ({ id }) => {
    byId.value.delete(id);
    statistics.value.delete(id);
    samples.delete(id);
  });
  connection.on('network.statistics', ({ id, statistics: latest }) => measure(id, latest));
  connection.onConnected(load);

  return { byId, all, loaded, failure, statistics, rates, load, put };
});
