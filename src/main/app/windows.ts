import path from 'node:path';
import { app, BrowserWindow, session, shell } from 'electron';
import { appOrigin } from './protocol';

/** The app's windows: one manager, and at most one console per machine. */
export class Windows {
  private manager: BrowserWindow | undefined;
  private readonly consoles = new Map<string, BrowserWindow>();

  /** @param opened called for each new window before its page loads */
  constructor(
    private readonly iconPath: string,
    private readonly opened: (window: BrowserWindow) => void,
  ) {}

  /** Shows the manager window, opening it if there is none. */
  showManager(): BrowserWindow {
    if (!this.manager) {
      this.manager = this.open(`${appOrigin}/manager.html`, {
        width: 1280,
        height: 800,
        minWidth: 720,
        minHeight: 480,
      });
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
      window = this.open(`${appOrigin}/console.html?machine=${encodeURIComponent(id)}`, {
        width: 1060,
        height: 880,
        minWidth: 480,
        minHeight: 360,
      });
      this.consoles.set(id, window);
      window.on('closed', () => this.consoles.delete(id));
    }
    focus(window);
  }

  closeConsole(id: string): void {
    this.consoles.get(id)?.close();
  }

  /** The window that dialogs belong to. */
  active(): BrowserWindow | undefined {
    return BrowserWindow.getFocusedWindow() ?? this.manager;
  }

  private open(url: string, size: Electron.BrowserWindowConstructorOptions): BrowserWindow {
    const window = new BrowserWindow({
      ...size,
      show: false,
      autoHideMenuBar: true,
      backgroundColor: '#10171a',
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
    window.once('ready-to-show', () => window.show());
    this.opened(window);
    void window.loadURL(url);
    return window;
  }
}

function focus(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  if (window.isVisible()) window.focus();
}

/** Whether a frame shows one of our own pages: the only kind that may speak to main. */
export function isOwnPage(url: string | undefined): boolean {
  return url !== undefined && url.startsWith(`${appOrigin}/`);
}

/** What every page of the app is refused: leaving it, opening windows, and every permission but what a console needs. */
export function restrictWebContents(): void {
  app.on('web-contents-created', (_event, contents) => {
    contents.on('will-navigate', (event) => {
      if (!isOwnPage(event.url)) event.preventDefault();
    });
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      // A link to a publisher's page or to the manual opens in the system's browser, never in a window of ours.
      if (url.startsWith('https://')) void shell.openExternal(url);
      return { action: 'deny' };
    });
  });
  const allowed = new Set([
    'pointerLock',
    'fullscreen',
    'keyboardLock',
    // For clipboards that are shared with a guest, and for typing what is on the clipboard.
    'clipboard-sanitized-write',
    'clipboard-read',
  ]);
  session.defaultSession.setPermissionRequestHandler((contents, permission, answer) =>
    answer(isOwnPage(contents.getURL()) && allowed.has(permission)),
  );
  session.defaultSession.setPermissionCheckHandler(
    (contents, permission) => isOwnPage(contents?.getURL()) && allowed.has(permission),
  );
}
