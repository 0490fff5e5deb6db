import { onBeforeUnmount, onMounted } from 'vue';
import { overlayOpen } from '../ui/overlays';

/** Keys by their combination, e.g. `Mod+N`, `F2`, `Delete`; `Mod` is Ctrl, or Command on a Mac. */
export type Shortcuts = Record<string, (event: KeyboardEvent) => void>;

/** Whether this computer's main modifier key is Command. */
export const isMac = /mac/i.test(navigator.platform);

/** The combination of a key event, in the form of a key of `Shortcuts`. */
export function combination(event: KeyboardEvent): string {
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  // of other characters Shift is what makes them: it says nothing of its own
  const shift = event.shiftKey && (key.length > 1 || (mod && /^[A-Z]$/.test(key)));
  return [mod && 'Mod', event.altKey && 'Alt', shift && 'Shift', key].filter(Boolean).join('+');
}

/** Whether a key pressed here is meant for a text field. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}

/** A combination as it is shown to a person. */
export function shortcutLabel(shortcut: string): string {
  return isMac ? shortcut.replace('Mod+', '⌘') : shortcut.replace('Mod', 'Ctrl');
}

/** Reacts to keys of the whole window while the component is there; not while a dialog is open. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const listener = (event: KeyboardEvent): void => {
    const pressed = combination(event);
    const action = Object.hasOwn(shortcuts, pressed) ? shortcuts[pressed] : undefined;
    if (!action || event.defaultPrevented || overlayOpen(event)) return;
    if (isTyping(event.target) && !pressed.startsWith('Mod+')) return;
    event.preventDefault();
    action(event);
  };
  onMounted(() => window.addEventListener('keydown', listener));
  onBeforeUnmount(() => window.removeEventListener('keydown', listener));
}
