import { readFile } from 'node:fs/promises';
import { protocol } from 'electron';
import { contentSecurityPolicy } from '../../server/access';
import { contentType, findStaticFile } from '../../server/static-files';

/** The origin of every page of the app. */
export const appOrigin = 'app://vivarium';

/**
 * Gives `app://` pages what https pages have: storage, WebAssembly, crypto. Must be called before the app is ready.
 */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built renderer at `app://vivarium/`; nothing outside its folder can be reached. */
export function serveAppScheme(rendererFolder: string): void {
  protocol.handle('app', async (request) => {
    const url = new URL(request.url);
    if (request.method !== 'GET' || `${url.protocol}//${url.host}` !== appOrigin)
      return new Response(null, { status: 403 });
    const file = await findStaticFile(rendererFolder, url.pathname);
    if (!file) return new Response('Not found', { status: 404 });
    return new Response(new Uint8Array(await readFile(file)), {
      headers: {
        'Content-Type': contentType(file),
        'Content-Security-Policy': contentSecurityPolicy([]),
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-cache',
      },
    });
  });
}
