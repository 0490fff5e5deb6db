import type { ByteStream } from '@shared/ipc/byte-stream';
import { frameText, longestText, TextFrames } from '@shared/ipc/text-frames';
import type { MachineSummary } from '@shared/machine/summary';
import { onBeforeUnmount, onMounted, watch, type Ref } from 'vue';
import { openStream } from '../../bridge/streams';
import { mayReadClipboard, readClipboard } from './clipboard';
import { hasScreen } from './screen-notice';

const reconnectPause = 1000;

/**
 * Shares texts between this computer's clipboard and the guest's while the window is the one that is used: whenever
 * it gets the focus its clipboard is looked at, and what the guest copies is put on it. What may pass which way is
 * decided by the machine's process; this end does not even look where nothing may.
 */
export function useSharedClipboard(machine: Ref<MachineSummary | null | undefined>): void {
  let stream: ByteStream | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let generation = 0;
  /** The text that both sides know. */
  let known: string | undefined;
  /** A text of the guest that can only be put on the clipboard when the window is used. */
  let waiting: string | undefined;

  const sharing = (): string => machine.value?.config?.clipboard ?? 'off';
  const toGuest = (): boolean => ['host-to-guest', 'both'].includes(sharing());

  function disconnect(): void {
    generation++;
    clearTimeout(timer);
    stream?.close();
    stream = undefined;
    known = undefined;
    waiting = undefined;
  }

  async function connect(id: string): Promise<void> {
    disconnect();
    const mine = generation;
    const again = (): void => {
      if (mine !== generation) return;
      stream = undefined;
      timer = setTimeout(() => void connect(id), reconnectPause);
    };
    try {
      const opened = await openStream('console.clipboard', { id });
      if (mine !== generation) {
        opened.close();
        return;
      }
      stream = opened;
      const frames = new TextFrames((text) => void take(text));
      opened.onData((data) => frames.take(data));
      opened.onClose(again);
      await look();
    } catch {
      again(); // the machine may be ending: its state then says so
    }
  }

  /** The guest has copied something. */
  async function take(text: string): Promise<void> {
    known = text;
    waiting = text;
    await put();
  }

  async function put(): Promise<void> {
    const text = waiting;
    if (text === undefined || !document.hasFocus()) return;
    try {
      await navigator.clipboard.writeText(text);
      if (waiting === text) waiting = undefined;
    } catch {
      // tried again when the window is used the next time
    }
  }

  /** Offers the guest what is on the clipboard, if it is something new. */
  async function look(): Promise<void> {
    if (!stream || !toGuest() || !document.hasFocus() || !(await mayReadClipboard())) return;
    const text = await readClipboard().catch(() => ''); // refused by the person, or nothing that is text
    if (text === '' || text === known || text.length > longestText) return;
    known = text;
    stream?.send(frameText(text));
  }

  async function used(): Promise<void> {
    // What the guest has copied is newer than what the clipboard holds.
    if (waiting === undefined) await look();
    else await put();
  }
  const onFocus = (): void => void used();
  // A browser that wants a click before it lets a page write gets one here.
  const onClick = (): void => void put();

  watch(
    () => {
      const now = machine.value;
      const connects = now && hasScreen(now.state) && sharing() !== 'off';
      return [connects ? now.id : undefined, now?.runtime?.startedAt] as const;
    },
    ([id]) => (id === undefined ? disconnect() : void connect(id)),
    { immediate: true },
  );
  onMounted(() => {
    window.addEventListener('focus', onFocus);
    window.addEventListener('pointerdown', onClick);
  });
  onBeforeUnmount(() => {
    window.removeEventListener('focus', onFocus);
    window.removeEventListener('pointerdown', onClick);
    disconnect();
  });
}
