import { protocol } from 'electron';
import { contentSecurityPolicy, readWebFile } from '../server/web-files';

/** The origin of every page of the app. `standard` and `secure` give it storage, WebAssembly and crypto like https. */
export const appOrigin = 'app://vivarium';

/** Must be called before the app is ready. */
export function registerAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } },
  ]);
}

/** Serves the built renderer at `app://vivarium/`; nothing outside its folder can be reached. */
export function serveAppScheme(rendererFolder: string): void {
  protocol.handle('app', async (request) => {
    const url = new URL(request.url);
    if (request.method !== 'GET' || url.host !== 'vivarium') return new Response(null, { status: 403 });
    const file = await readWebFile(rendererFolder, url.pathname);
    if (!file) return new Response('Not found', { status: 404 });
    return new Response(new Uint8Array(file.body), {
      headers: {
        'Content-Type': file.type,
        'Content-Security-Policy': contentSecurityPolicy([]),
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-cache',
      },
    });
  });
}
