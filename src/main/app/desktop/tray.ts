import { Menu, nativeImage, Tray } from 'electron';
import { type MenuAction, toTemplate } from '../menus/entry';
import type { TrayModel } from '../menus/tray-menu';

/** How large the icon is, in device-independent pixels. */
const size = process.platform === 'linux' ? 24 : 16;

/** The icon in the tray, while there is to be one. */
export class TrayIcon {
  private tray: Tray | undefined;
  private drawn = '';

  constructor(
    private readonly iconPath: string,
    private readonly run: (action: MenuAction) => void,
  ) {}

  get isThere(): boolean {
    return this.tray !== undefined;
  }

  /** Draws the icon's menu anew where something in it has changed; without a model the icon goes. */
  update(model: TrayModel | undefined): void {
    const drawn = JSON.stringify(model);
    if (drawn === this.drawn && Boolean(model) === this.isThere) return;
    this.drawn = drawn;
    if (!model) {
      this.tray?.destroy();
      this.tray = undefined;
      return;
    }
    if (!this.tray) {
      const icon = nativeImage.createFromPath(this.iconPath);
      this.tray = new Tray(icon.resize({ width: size, height: size }));
      // A click shows the menu where that is the custom, and the window elsewhere.
      this.tray.on('click', () => process.platform !== 'darwin' && this.run({ do: 'manager' }));
    }
    this.tray.setToolTip(model.tooltip);
    this.tray.setContextMenu(Menu.buildFromTemplate(toTemplate(model.entries, this.run)));
  }
}
