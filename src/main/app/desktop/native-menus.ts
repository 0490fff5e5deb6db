import { type BrowserWindow, Menu } from 'electron';
import { toTemplate, type MenuAction, type MenuEntry } from '../menus/entry';
import { menuBar, type MenuSurroundings } from '../menus/menu-bar';

/** The menu bar of the system, or of the manager window: drawn anew whenever something in it has changed. */
export class NativeMenus {
  private drawn = '';
  private menu: Menu | null = null;

  constructor(
    private readonly surroundings: () => MenuSurroundings,
    private readonly run: (action: MenuAction) => void,
  ) {}

  /** A window of ours has opened. A console's guest wants every key, so that it has no menu bar but a Mac's. */
  opened(window: BrowserWindow, kind: 'manager' | 'console'): void {
    if (process.platform === 'darwin') return;
    if (kind === 'console') {
      window.removeMenu();
      return;
    }
    window.setMenu(this.menu);
    this.managers.add(window);
    window.on('closed', () => this.managers.delete(window));
  }

  /** To be called when the focus, the language or a machine has changed. */
  update(): void {
    const entries: MenuEntry[] = menuBar(this.surroundings());
    const drawn = JSON.stringify(entries);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.menu = Menu.buildFromTemplate(toTemplate(entries, this.run));
    if (process.platform === 'darwin') Menu.setApplicationMenu(this.menu);
    else for (const window of this.managers) window.setMenu(this.menu);
  }

  private readonly managers = new Set<BrowserWindow>();
}
