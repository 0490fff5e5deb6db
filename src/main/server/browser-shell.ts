import { findProgram, launchProgram, runProgram } from '../platform/program';
import type { Shell } from '../platform/shell';

/** How long moving a machine to the trash may take, in milliseconds: across drives it is a copy. */
const trashMs = 10 * 60_000;

/** What browser mode can do for the core: no dialogs and no windows, but a trash where the desktop has one. */
export async function browserShell(quit: () => void): Promise<Shell> {
  const gio = process.platform === 'linux' ? await findProgram('gio') : undefined;
  return {
    kind: 'browser',
    quit,
    ...(gio
      ? {
          async moveToTrash(path: string) {
            await runProgram(gio, ['trash', '--', path], trashMs);
          },
        }
      : {}),
  };
}

/** Opens an address in the system's browser. False where there is none. */
export async function openInBrowser(url: string): Promise<boolean> {
  try {
    if (process.platform === 'win32') {
      await launchProgram('rundll32.exe', ['url.dll,FileProtocolHandler', url]);
      return true;
    }
    if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])
      return false;
    const opener = await findProgram(process.platform === 'darwin' ? 'open' : 'xdg-open');
    if (!opener) return false;
    await launchProgram(opener, [url]);
    return true;
  } catch {
    return false; // the address is printed anyway
  }
}
