import fs from 'node:fs';
import path from 'node:path';

/** The full path of a program on PATH, or undefined. */
export function findProgram(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  for (const name of names) {
    for (const folder of folders) {
      const file = path.join(folder, name);
      if (fs.existsSync(file)) return file;
    }
  }
  return undefined;
}

/** Chromium as distributions name it. */
export const chromiumProgram = findProgram('chromium', 'chromium-browser', 'google-chrome');

/** The Electron that the tests run: the one named by the environment, or the installed package's. */
export const electronProgram = [
  process.env.ELECTRON_OVERRIDE_DIST_PATH ?? '',
  path.resolve('node_modules/electron/dist'),
]
  .filter(Boolean)
  .map((folder) => path.join(folder, process.platform === 'win32' ? 'electron.exe' : 'electron'))
  .find((file) => fs.existsSync(file));

/** Why a suite cannot run here, printed once, so that a skip is never silent. */
export function sayWhySkipped(suite: string, reason: string): void {
  console.warn(`SKIPPED: ${suite}: ${reason}`);
}
