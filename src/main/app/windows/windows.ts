import path from 'node:path';
import { app, BrowserWindow, nativeTheme, screen } from 'electron';
import { fitBounds } from './bounds';
import type { WindowMemory } from './memory';
import { appOrigin } from './protocol';

interface Kind {
  width: number;
  height: number;
  minWidth: number;
  minHeight: number;
}
const managerKind: Kind = { width: 1280, height: 800, minWidth: 720, minHeight: 480 };
const consoleKind: Kind = { width: 1060, height: 880, minWidth: 480, minHeight: 360 };

/** The app's windows: one manager, and at most one console per machine. */
export class Windows {
  private manager: BrowserWindow | undefined;
  private readonly consoles = new Map<string, BrowserWindow>();

  /** @param opened called for each new window before its page loads */
  constructor(
    private readonly iconPath: string,
    private readonly memory: WindowMemory,
    private readonly opened: (window: BrowserWindow, kind: 'manager' | 'console') => void,
  ) {}

  /** Shows the manager window, opening it if there is none. */
  showManager(): BrowserWindow {
    if (!this.manager) {
      this.manager = this.open(`${appOrigin}/manager.html`, 'manager', managerKind);
      this.manager.on('closed', () => {
        this.manager = undefined;
      });
    }
    focus(this.manager);
    return this.manager;
  }

  /** Shows a machine's console. Precondition: `id` is the id of a machine of the library. */
  showConsole(id: string): void {
    let window = this.consoles.get(id);
    if (!window) {
      const page = `${appOrigin}/console.html?machine=${encodeURIComponent(id)}`;
      window = this.open(page, `console ${id}`, consoleKind);
      this.consoles.set(id, window);
      window.on('closed', () => this.consoles.delete(id));
    }
    focus(window);
  }

  /** The machine is gone: its console closes, and where that was is forgotten. */
  removed(id: string): void {
    this.consoles.get(id)?.close();
    this.memory.forget(`console ${id}`);
  }

  /** The window that dialogs belong to. */
  active(): BrowserWindow | undefined {
    return BrowserWindow.getFocusedWindow() ?? this.manager;
  }

  /** The machine of the console that has the focus. */
  focusedMachine(): string | undefined {
    return [...this.consoles].find(([, window]) => window.isFocused())?.[0];
  }

  /** A window that shows what there is to know of a machine is in front. */
  isLookedAt(machine: string): boolean {
    return (this.manager?.isFocused() ?? false) || this.focusedMachine() === machine;
  }

  private open(url: string, key: string, kind: Kind): BrowserWindow {
    const kept = this.memory.get(key);
    const areas = screen.getAllDisplays().map(({ workArea }) => workArea);
    const bounds = kept && fitBounds(kept, areas, { width: kind.minWidth, height: kind.minHeight });
    const window = new BrowserWindow({
      ...kind,
      ...bounds,
      show: false,
      // What is seen until the page has drawn: as the page will be.
      backgroundColor: nativeTheme.shouldUseDarkColors ? '#10171a' : '#ffffff',
      icon: this.iconPath,
      webPreferences: {
        preload: path.join(app.getAppPath(), 'out', 'preload', 'preload.cjs'),
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        spellcheck: false,
        // A console must keep drawing, and a thumbnail keep arriving, while another window has the focus.
        backgroundThrottling: false,
      },
    });
    window.once('ready-to-show', () => {
      if (kept?.maximized) window.maximize();
      window.show();
    });
    this.remember(window, key);
    this.opened(window, key === 'manager' ? 'manager' : 'console');
    void window.loadURL(url);
    return window;
  }

  private remember(window: BrowserWindow, key: string): void {
    const note = (): void => {
      // The place of one that fills the screen, or nothing of it, is not where it goes back to.
      if (window.isFullScreen() || window.isMinimized() || !window.isVisible()) return;
      this.memory.set(key, { ...window.getNormalBounds(), maximized: window.isMaximized() });
    };
    window.on('resize', note);
    window.on('move', note);
    window.on('show', note);
    window.on('maximize', note);
    window.on('unmaximize', note);
  }
}

/** Runs `action` when the window's page can hear of it. */
export function whenLoaded({ webContents }: BrowserWindow, action: () => void): void {
  if (webContents.isLoading()) webContents.once('did-finish-load', action);
  else action();
}

function focus(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  if (window.isVisible()) window.focus();
}
