import type { CaptureRequest, CaptureStatus, PacketSummary } from '@shared/network/capture';
import { onBeforeUnmount, ref, shallowRef, watch } from 'vue';
import { call } from '../../bridge/client';

/** How often new frames are asked for while a capture runs, in milliseconds. */
const everyMs = 1000;
/** Frames that are kept in the page; older ones can still be saved. */
const mostShown = 20_000;
const pageSize = 1000;
/** Between two pages, in milliseconds. */
const pauseMs = 20;

/** The capture of a network as somebody looks at it: its state, and the frames that fit a filter. */
export function useCapture(id: () => string) {
  const status = ref<CaptureStatus | null>(null);
  const filter = ref('');
  const packets = shallowRef<PacketSummary[]>([]);
  /** What is wrong with the filter, or with asking at all. */
  const failure = ref<unknown>();
  let next = 0;
  /** When the capture began that `packets` are of: its network may have had to begin a new one. */
  let begun: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;
  /** Counts what was asked for, so that an answer to an earlier filter is not taken for one to this. */
  let turn = 0;

  async function look(): Promise<void> {
    clearTimeout(timer);
    const mine = ++turn;
    try {
      const now = await call('network.captureStatus', { id: id() });
      if (mine !== turn) return;
      status.value = now;
      if (now?.started !== begun) clear();
      begun = now?.started;
      if (now) await readOn(mine);
      if (mine === turn) failure.value = undefined;
    } catch (error) {
      if (mine === turn) failure.value = error;
    }
    if (mine === turn && !gone && status.value?.running) timer = setTimeout(() => void look(), everyMs);
  }

  async function readOn(mine: number): Promise<void> {
    for (;;) {
      const question = { id: id(), after: next, limit: pageSize, filter: filter.value };
      const page = await call('network.packets', question);
      if (mine !== turn || gone) return;
      next = page.next;
      if (page.packets.length > 0) packets.value = [...packets.value, ...page.packets].slice(-mostShown);
      if (page.complete) return;
      // More may come than can be looked at: then the network must not be kept busy with that.
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      if (mine !== turn || gone) return;
    }
  }

  function clear(): void {
    next = 0;
    packets.value = [];
  }

  function again(): Promise<void> {
    clear();
    return look();
  }

  async function start(capture: Pick<CaptureRequest, 'port' | 'maxBytes' | 'maxSeconds'>): Promise<void> {
    await call('network.startCapture', { id: id(), capture });
    await again();
  }

  async function stop(): Promise<void> {
    await call('network.stopCapture', { id: id() });
    await look();
  }

  watch(filter, () => void again());
  onBeforeUnmount(() => {
    gone = true;
    turn++;
    clearTimeout(timer);
  });
  void look();

  return { status, filter, packets, failure, start, stop };
}
