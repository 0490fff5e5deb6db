import { app, type BrowserWindow } from 'electron';
import type { ShellCore } from '../core';
import { startAgain } from './start-again';
import { whenLoaded } from './windows/windows';

/**
 * The way out of the program. The first attempt to quit asks, where machines run, what becomes of them; the windows
 * stay until that is decided and done.
 */
export class QuitGuard {
  private decided = false;

  /** @param showManager shows the window in which the question is asked */
  constructor(
    private readonly core: () => ShellCore | undefined,
    private readonly showManager: () => BrowserWindow,
  ) {
    app.on('before-quit', (event) => {
      if (this.decided) return;
      event.preventDefault();
      this.ask();
    });
  }

  /** Everything has been put away: ends the program. */
  readonly quit = (): void => {
    this.decided = true;
    app.quit();
  };

  /** Everything has been put away: ends the program, and starts it again. */
  readonly restart = (): void => {
    startAgain();
    this.quit();
  };

  private ask(): void {
    const core = this.core();
    if (!core) {
      this.quit();
    } else if (core.running().length > 0) {
      whenLoaded(this.showManager(), () => core.requestQuit());
    } else {
      void core.shutdown('save').then(this.quit, this.quit);
    }
  }
}
