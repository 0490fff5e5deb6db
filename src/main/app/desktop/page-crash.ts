import { type BrowserWindow, dialog } from 'electron';
import type { DesktopTexts } from '@shared/desktop/texts';
import type { Log } from '../../platform/log';

/** A page that dies again so soon would do so for ever; in milliseconds. */
const calmMs = 30_000;

/**
 * Loads the page of a window again when the process that showed it has died: machines do not live in it, and a window
 * that stays empty says nothing. Where that happens again at once the person is asked.
 */
export function recoverPage(window: BrowserWindow, log: Log, texts: () => DesktopTexts): void {
  let goneAt = -Infinity;
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    log.warn(`the page of a window is gone: ${reason} (${exitCode})`);
    const now = performance.now();
    const again = now - goneAt < calmMs;
    goneAt = now;
    void (again ? wantsReload(window, texts()) : Promise.resolve(true)).then((reload) => {
      if (window.isDestroyed()) return;
      if (reload) window.webContents.reload();
      else window.destroy();
    });
  });
}

async function wantsReload(window: BrowserWindow, { ask }: DesktopTexts): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'error',
    message: ask.pageGone,
    detail: ask.pageGoneText,
    buttons: [ask.closeWindow, ask.pageGoneYes],
    defaultId: 1,
    cancelId: 0,
  });
  return response === 1;
}
