import path from 'node:path';
import { app, BrowserWindow } from 'electron';
import { NoticeWatcher } from '@shared/desktop/notices';
import { noticeText } from '@shared/desktop/notice-text';
import { type DesktopTexts, desktopTextsIn, languageOf } from '@shared/desktop/texts';
import type { Language } from '@shared/phrases/languages';
import type { ShellCore } from '../../core';
import type { PickPurpose, Shell } from '../../platform/shell';
import { trayModel } from '../menus/tray-menu';
import type { Windows } from '../windows/windows';
import type { Known } from './known';
import { menuRunner } from './menu-runner';
import { NativeMenus } from './native-menus';
import { showNotice } from './notifications';
import { recoverPage } from './page-crash';
import type { Opener } from './opener';
import { StayAwake } from './power';
import { TrayIcon } from './tray';

interface Parts {
  core: ShellCore;
  known: Known;
  shell: Shell;
  windows: Windows;
  opener: Opener;
  /** Has the icons. */
  iconsFolder: string;
  development: boolean;
  pickPath: (purpose: PickPurpose) => Promise<string | null>;
}

/** What the program has on the desktop beside its windows: menus, the tray, notifications. */
export class Desktop {
  private readonly menus: NativeMenus;
  private readonly tray: TrayIcon;
  private readonly awake: StayAwake;
  private trayIsPossible = false;

  private constructor(private readonly parts: Parts) {
    const { core, known, windows, opener, pickPath } = parts;
    const run = menuRunner({
      core,
      known,
      windows,
      opener,
      pickPath,
      texts: () => this.texts(),
      quit: () => app.quit(),
    });
    this.menus = new NativeMenus(() => this.surroundings(), run);
    this.tray = new TrayIcon(path.join(parts.iconsFolder, '48x48.png'), run);
    this.awake = new StayAwake(core, known);
    this.follow();
  }

  /** @param parts with a core that runs. Precondition: no window has been opened yet */
  static async create(parts: Parts): Promise<Desktop> {
    const desktop = new Desktop(parts);
    desktop.trayIsPossible = (await parts.shell.hasTray?.()) ?? false;
    desktop.update();
    return desktop;
  }

  /** There is something of the program left on the desktop when its windows are gone. */
  get hasTray(): boolean {
    return this.tray.isThere;
  }

  windowOpened(window: BrowserWindow, kind: 'manager' | 'console'): void {
    this.menus.opened(window, kind);
    recoverPage(window, this.parts.core.log, () => this.texts());
  }

  private language(): Language {
    return languageOf(this.parts.known.preferences.language, app.getLocale());
  }

  private texts(): DesktopTexts {
    return desktopTextsIn(this.language());
  }

  private surroundings() {
    const { known, windows, development } = this.parts;
    const { platform } = process;
    // Elsewhere the bar belongs to the manager, and must not change while a menu of it, which has the focus, is open.
    const follows = platform === 'darwin';
    const id = follows ? windows.focusedMachine() : undefined;
    return {
      platform,
      texts: this.texts(),
      machine: known.machine(id),
      focused: !follows || BrowserWindow.getFocusedWindow() !== null,
      development,
    };
  }

  private update(): void {
    const { choices, machines } = this.parts.known;
    this.menus.update();
    this.tray.update(choices.tray && this.trayIsPossible ? trayModel(machines, this.texts()) : undefined);
    this.awake.update();
  }

  /** Everything is drawn anew when something changes; nothing is when that makes no difference. */
  private follow(): void {
    const { core, known, windows, opener, iconsFolder } = this.parts;
    const watcher = new NoticeWatcher();
    core.onEvent((event) => {
      if (['machine.changed', 'machine.removed', 'preferences.changed'].includes(event.name)) this.update();
      const notice = watcher.see(event);
      if (!notice || windows.isLookedAt(notice.machine) || !known.choices.notifications) return;
      const words = noticeText(notice, this.language());
      showNotice(words, path.join(iconsFolder, '128x128.png'), () => opener.show(notice.target));
    });
    app.on('browser-window-focus', () => this.update());
    app.on('browser-window-blur', () => this.update());
  }
}
