import { spawn } from 'node:child_process';
import { app } from 'electron';

/**
 * The file that a person starts this program by: that of an AppImage rather than what is in it, which lies elsewhere
 * every time and is gone when the program has ended.
 */
export function programFile(): string {
  return (app.isPackaged ? process.env['APPIMAGE'] : undefined) ?? process.execPath;
}

/** Starts the program once more, which is about to end. Precondition: its data folder is nobody's any more. */
export function startAgain(): void {
  const file = programFile();
  if (file === process.execPath) {
    app.relaunch();
    return;
  }
  // Electron waits for the end in a process of its own, whose file would be gone by then.
  spawn(file, process.argv.slice(1), { detached: true, stdio: 'ignore' }).unref();
}
