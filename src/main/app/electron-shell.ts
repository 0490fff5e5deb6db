import { app, dialog, shell } from 'electron';
import type { DesktopTexts } from '@shared/desktop/texts';
import type { PickPurpose, Shell } from '../platform/shell';
import { hasTray } from './desktop/has-tray';
import type { Later } from './later';
import { launchAtLogin } from './login/launch-at-login';
import type { QuitGuard } from './quit-guard';
import type { Windows } from './windows/windows';

const imageExtensions = [
  'iso',
  'img',
  'ima',
  'flp',
  'vfd',
  'raw',
  'qcow2',
  'bin',
  'dsk',
  'vmdk',
  'vdi',
  'vhdx',
  'vhd',
];

/** What Electron offers to the core. @param later windows are shown once they can be served */
export function electronShell(
  windows: Windows,
  guard: QuitGuard,
  later: Later,
  texts: () => DesktopTexts,
): Shell {
  let tray: Promise<boolean> | undefined;
  return {
    kind: 'electron',
    hearsSleep: true,
    hasTray: () => (tray ??= hasTray(process.platform, process.env)),
    launchAtLogin: launchAtLogin(),
    moveToTrash: (path) => shell.trashItem(path),
    async showInFolder(path) {
      shell.showItemInFolder(path);
    },
    openExternal: (url) => shell.openExternal(url),
    pickPath: (purpose) => pickPath(windows, purpose, texts()),
    openConsole: (id) => later.run(() => windows.showConsole(id)),
    focus: () => later.run(() => windows.showManager()),
    quit: guard.quit,
    restart: guard.restart,
  };
}

export async function pickPath(
  windows: Windows,
  purpose: PickPurpose,
  { dialog: words }: DesktopTexts,
): Promise<string | null> {
  const options: Electron.OpenDialogOptions =
    purpose === 'machine-folder'
      ? { properties: ['openDirectory'], defaultPath: app.getPath('documents') }
      : purpose === 'target-folder'
        ? { properties: ['openDirectory', 'createDirectory'] }
        : purpose === 'qemu-folder'
          ? { properties: ['openDirectory', 'showHiddenFiles'] }
          : {
              properties: ['openFile'],
              defaultPath: app.getPath('downloads'),
              filters: [
                { name: words.images, extensions: imageExtensions },
                { name: words.allFiles, extensions: ['*'] },
              ],
            };
  const parent = windows.active();
  const chosen = parent ? await dialog.showOpenDialog(parent, options) : await dialog.showOpenDialog(options);
  return chosen.filePaths[0] ?? null;
}
