import { FitAddon } from '@xterm/addon-fit';
import { type ITheme, Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import { nextTick, watch } from 'vue';

/** Lines kept above the visible ones. */
const scrollback = 10_000;

const light: ITheme = {
  background: '#ffffff',
  foreground: '#1c2a26',
  cursor: '#1c2a26',
  cursorAccent: '#ffffff',
  selectionBackground: '#9fd8bd',
  black: '#1c2a26',
  red: '#b3261e',
  green: '#1d6b3c',
  yellow: '#7a5c00',
  blue: '#2352b8',
  magenta: '#8a2a8a',
  cyan: '#0b6b75',
  white: '#5d6b66',
  brightBlack: '#4c5a55',
  brightRed: '#c9372c',
  brightGreen: '#217a45',
  brightYellow: '#8a6900',
  brightBlue: '#2f62cf',
  brightMagenta: '#a03aa0',
  brightCyan: '#0f7a85',
  brightWhite: '#3a4742',
};
const dark: ITheme = {
  background: '#0d1412',
  foreground: '#d8e2de',
  cursor: '#d8e2de',
  cursorAccent: '#0d1412',
  selectionBackground: '#2c6b52',
};
const isDark = (): boolean => document.documentElement.classList.contains('dark');

export interface TerminalOptions {
  /** What a screen reader calls it. */
  label: string;
  /** Whether it can be seen now: what cannot has no size. */
  visible(): boolean;
  /** What was typed or pasted, as the bytes that a terminal gives for it. */
  onKeys(bytes: Uint8Array): void;
  /** It has another size, in characters. */
  onResize?(columns: number, rows: number): void;
}

/** A terminal in a page, with this program's colours, fonts and keys. */
export interface PageTerminal {
  readonly terminal: Terminal;
  /** Takes as many lines and columns as there is room for. */
  fit(): void;
  dispose(): void;
}

/** Puts a terminal into an element, for as long as `dispose` has not been called. */
export function pageTerminal(area: HTMLElement, options: TerminalOptions): PageTerminal {
  const fit = new FitAddon();
  const terminal = new Terminal({
    scrollback,
    fontFamily:
      'ui-monospace, "Cascadia Mono", "Noto Sans Mono", "DejaVu Sans Mono", "Liberation Mono", monospace',
    fontSize: 14,
    cursorBlink: true,
    screenReaderMode: false,
    theme: isDark() ? dark : light,
  });
  terminal.loadAddon(fit);
  terminal.open(area);
  terminal.textarea?.setAttribute('aria-label', options.label);
  terminal.attachCustomKeyEventHandler((event) => onKey(event, terminal));
  const encoder = new TextEncoder();
  terminal.onData((text) => options.onKeys(encoder.encode(text)));
  terminal.onBinary((bytes) =>
    options.onKeys(Uint8Array.from(bytes, (character) => character.charCodeAt(0))),
  );
  terminal.onResize(({ cols, rows }) => options.onResize?.(cols, rows));

  const resize = new ResizeObserver(() => {
    if (options.visible() && area.clientHeight) fit.fit();
  });
  resize.observe(area);
  const theme = new MutationObserver(() => {
    terminal.options.theme = isDark() ? dark : light;
  });
  theme.observe(document.documentElement, { attributeFilter: ['class'] });
  return {
    terminal,
    fit: () => fit.fit(),
    dispose() {
      resize.disconnect();
      theme.disconnect();
      terminal.dispose();
    },
  };
}

/** Calls `act` whenever something comes into view, once it has its size. Called by a component while it is mounted, and ends with it. */
export function onShown(visible: () => boolean, act: () => void): void {
  watch(
    visible,
    async (shown) => {
      if (!shown) return;
      await nextTick();
      act();
    },
    { immediate: true },
  );
}

/** Keys of the terminal that are not the guest's; false keeps them from it. */
function onKey(event: KeyboardEvent, terminal: Terminal): boolean {
  if (event.type !== 'keydown' || !event.ctrlKey || !event.shiftKey) return true;
  if (event.code === 'KeyC') {
    event.preventDefault();
    copySelection(terminal);
    return false;
  }
  // The browser itself pastes as plain text, which the terminal takes from its `paste` event.
  return event.code !== 'KeyV';
}

/** By the browser's own command: the clipboard's API would need a permission that the app does not give. */
export function copySelection(terminal: Terminal): void {
  if (terminal.hasSelection()) document.execCommand('copy');
}
