import { app, session, shell } from 'electron';
import { isForBrowser } from './outside-link';
import { appOrigin } from './protocol';

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
      // A link to a publisher's page, the manual or a machine opens in the system's browser, never in a window of ours.
      if (isForBrowser(url)) void shell.openExternal(url);
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
