import { type BrowserWindow, powerMonitor, powerSaveBlocker } from 'electron';
import type { ShellCore } from '../../core';
import type { Known } from './known';

/** Keeps the computer awake while machines run, if that was chosen. */
export class StayAwake {
  private blocker: number | undefined;

  constructor(
    private readonly core: ShellCore,
    private readonly known: Known,
  ) {}

  update(): void {
    // A machine that is paused has nothing to do that sleep would keep it from.
    const wanted =
      this.known.choices.keepAwake && this.core.running().some(({ state }) => state !== 'paused');
    if (wanted && this.blocker === undefined) this.blocker = powerSaveBlocker.start('prevent-app-suspension');
    if (wanted || this.blocker === undefined) return;
    powerSaveBlocker.stop(this.blocker);
    this.blocker = undefined;
  }
}

/** Lets running machines sleep with the computer, and be saved before it is switched off. */
export function followPower(core: ShellCore, known: Known, quit: () => void): void {
  const told = (done: unknown): void =>
    void Promise.resolve(done).catch((error: unknown) =>
      core.log.warn('machines could not follow the computer’s sleep', error),
    );
  powerMonitor.on('suspend', () =>
    told(core.handlers['host.sleep']({ machines: known.choices.onHostSleep }, undefined)),
  );
  powerMonitor.on('resume', () => told(core.handlers['host.wake']({}, undefined)));
  if (process.platform === 'win32') return;
  powerMonitor.on('shutdown', (event?: { preventDefault(): void }) => {
    if (core.running().length === 0) return;
    event?.preventDefault();
    void saveAndQuit(core, quit);
  });
}

/** On Windows it is windows that hear of the end of the session. */
export function followSession(
  window: BrowserWindow,
  core: () => ShellCore | undefined,
  quit: () => void,
): void {
  if (process.platform !== 'win32') return;
  window.on('query-session-end', (event) => {
    const running = core();
    if (!running || running.running().length === 0) return;
    event.preventDefault();
    void saveAndQuit(running, quit);
  });
}

/** Whichever program the machines run in, it saves them, and then this one ends. */
async function saveAndQuit(core: ShellCore, quit: () => void): Promise<void> {
  core.log.info('the computer is switched off: what runs is saved');
  try {
    await core.handlers['app.quit']({ running: 'save' }, undefined);
  } catch (error) {
    core.log.warn('ending failed', error);
    quit();
  }
}
