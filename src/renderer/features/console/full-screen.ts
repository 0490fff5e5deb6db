import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue';
import { reportError } from '../../ui/notify';

/** Chromium's Keyboard API; not in TypeScript's DOM library, and absent in other browsers. */
interface KeyboardLock {
  lock?(keyCodes?: string[]): Promise<void>;
  unlock?(): void;
}

/**
 * Full screen of the whole page, so that menus and messages are seen there too. Where the browser can, Esc then
 * goes to the guest instead of ending full screen (held down, it still ends it).
 */
export function useFullScreen(): { active: Ref<boolean>; toggle: () => Promise<void> } {
  const active = ref(false);
  const keyboard = (navigator as Navigator & { keyboard?: KeyboardLock }).keyboard;

  function changed(): void {
    active.value = document.fullscreenElement !== null;
    if (!active.value) keyboard?.unlock?.();
  }

  async function toggle(): Promise<void> {
    if (document.fullscreenElement) {
      await document.exitFullscreen();
      return;
    }
    try {
      await document.documentElement.requestFullscreen();
    } catch (error) {
      reportError(error);
      return;
    }
    // Refusing is the browser's right: Esc then leaves full screen, as it says itself.
    await keyboard?.lock?.(['Escape']).catch(() => undefined);
  }

  onMounted(() => document.addEventListener('fullscreenchange', changed));
  onBeforeUnmount(() => document.removeEventListener('fullscreenchange', changed));
  return { active, toggle };
}
