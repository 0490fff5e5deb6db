import type { ByteStream } from '@shared/ipc/byte-stream';
import { hasProcess } from '@shared/machine/state';
import { decodeStatistics, type MachineStatistics, seriesOf } from '@shared/machine/statistics';
import { StatisticsHistory } from '@shared/machine/statistics-history';
import type { MachineSummary } from '@shared/machine/summary';
import { computed, onScopeDispose, ref, type ShallowRef, shallowRef, watch } from 'vue';
import { openStream } from '../../bridge/streams';

/** Until another attempt, when the machine's process does not answer, in milliseconds. */
const retryMs = 2000;

export interface Statistics {
  /** The last second; undefined while there is none. */
  latest: Readonly<ShallowRef<MachineStatistics | undefined>>;
  /** Set anew with each sample, so that what is drawn from it follows. Empty when none was asked for. */
  history: Readonly<ShallowRef<{ of: StatisticsHistory }>>;
}

/**
 * What a machine does, as long as it has a process and this page can be seen; while nobody looks, nothing is sent.
 * For a component's `setup`: ends with it.
 */
export function useStatistics(machine: () => MachineSummary | undefined, withHistory = false): Statistics {
  const latest = shallowRef<MachineStatistics>();
  const history = shallowRef({ of: new StatisticsHistory() });
  const visible = ref(!document.hidden);
  /** Another run of the machine, or another machine, is another source. */
  const source = computed(() => {
    const { id, state, runtime } = machine() ?? {};
    return id !== undefined && state && hasProcess(state) ? { id, run: `${id} ${runtime?.startedAt}` } : null;
  });
  let stream: ByteStream | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts attempts, so that what an older one still brings is not taken. */
  let turn = 0;

  function close(): void {
    turn++;
    clearTimeout(timer);
    stream?.close();
    stream = undefined;
  }

  function receive(data: Uint8Array): void {
    const message = decodeStatistics(data);
    if (message.kind === 'history') {
      const restored = new StatisticsHistory();
      restored.restore(message.fine, message.coarse);
      history.value = { of: restored };
      return;
    }
    if (withHistory) {
      history.value.of.push(message.time, seriesOf(message.statistics));
      history.value = { of: history.value.of };
    }
    latest.value = message.statistics;
  }

  async function open(id: string): Promise<void> {
    const mine = turn;
    const again = (): void => {
      if (mine === turn) timer = setTimeout(() => void open(id), retryMs);
    };
    try {
      const opened = await openStream('machine.statistics', { id, history: withHistory });
      if (mine !== turn) {
        opened.close();
        return;
      }
      stream = opened;
      opened.onClose(again);
      opened.onData(receive);
    } catch {
      again(); // it is just ending, or not there yet: its state tells soon
    }
  }

  watch(
    () => source.value?.run,
    () => {
      latest.value = undefined;
      history.value = { of: new StatisticsHistory() };
    },
  );
  watch(
    () => (visible.value ? source.value?.run : undefined),
    (run) => {
      close();
      if (run !== undefined && source.value) void open(source.value.id);
    },
    { immediate: true },
  );
  const onVisibility = (): void => void (visible.value = !document.hidden);
  document.addEventListener('visibilitychange', onVisibility);
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', onVisibility);
    close();
  });
  return { latest, history };
}
