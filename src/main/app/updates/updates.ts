import { CancellationToken } from 'electron-updater';
import type { AppUpdater } from 'electron-updater';
import { Failure, toErrorValue } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';
import { noUpdateKnown, type UpdateStatus } from '@shared/updates/status';
import type { HttpOptions } from '../../gallery/http';
import type { ShellUpdates } from '../../platform/shell';
import { type Executor, updateExecutor } from './executor';

/** electron-updater as far as it is used here; `httpExecutor` is there, though not in its types. */
export type Updater = Pick<AppUpdater, 'checkForUpdates' | 'downloadUpdate' | 'quitAndInstall' | 'once'> & {
  autoDownload: boolean;
  autoInstallOnAppQuit: boolean;
  disableDifferentialDownload: boolean;
  httpExecutor?: Executor | null;
};

export interface UpdatesOptions {
  by: UpdateStatus['by'];
  /** Missing where the program does not update itself. */
  updater?: Updater;
  http: HttpOptions;
  /** Asks the program to end, as its menu does; it may be refused. */
  requestQuit(): void;
}

/**
 * Newer versions of the program: looks for one, downloads it, and puts it in its place when everything has ended.
 * Each step is asked for by a person; none follows from another by itself.
 */
export class Updates implements ShellUpdates {
  private current: UpdateStatus;
  private downloading: CancellationToken | undefined;
  private wanted = false;
  private readonly listeners: ((status: UpdateStatus) => void)[] = [];

  constructor(private readonly options: UpdatesOptions) {
    this.current = noUpdateKnown(options.by);
    const { updater } = options;
    if (!updater) return;
    updater.autoDownload = false;
    updater.autoInstallOnAppQuit = false;
    // A whole file with one hash, instead of pieces of the old one and the new one.
    updater.disableDifferentialDownload = true;
    updater.httpExecutor = updateExecutor(options.http, (done, total) => {
      if (this.current.state === 'downloading') this.set({ done, total });
    });
  }

  get status(): UpdateStatus {
    return this.current;
  }

  get installing(): boolean {
    return this.wanted;
  }

  onChange(listener: (status: UpdateStatus) => void): void {
    this.listeners.push(listener);
  }

  /** Looks for a newer version; what it finds, or why it could not look, is in the status. */
  async check(): Promise<UpdateStatus> {
    const { updater } = this.options;
    if (!updater || ['checking', 'downloading', 'ready'].includes(this.current.state)) return this.current;
    this.set({ state: 'checking', problem: null });
    try {
      const found = await updater.checkForUpdates();
      if (found?.isUpdateAvailable) this.set({ state: 'available', version: found.updateInfo.version });
      else this.set({ state: 'current', version: null });
    } catch (error) {
      this.set({ state: 'unknown', problem: toErrorValue(error) });
    }
    return this.current;
  }

  /** Downloads what `check` has found; resolves when it is there, or is not. */
  async download(): Promise<UpdateStatus> {
    const { updater } = this.options;
    if (!updater || this.current.state !== 'available') return this.current;
    const token = new CancellationToken();
    this.downloading = token;
    this.set({ state: 'downloading', done: 0, total: null, problem: null });
    try {
      await updater.downloadUpdate(token);
      this.set({ state: 'ready' });
    } catch (error) {
      this.set({ state: 'available', problem: token.cancelled ? null : toErrorValue(error) });
    } finally {
      this.downloading = undefined;
    }
    return this.current;
  }

  cancel(): void {
    this.downloading?.cancel();
  }

  installAndRestart(): void {
    if (this.current.state !== 'ready') throw new Failure('input.invalid', phrase('desktop.noDownloaded'));
    this.wanted = true;
    this.options.requestQuit();
  }

  /** The person decided not to end the program after all. */
  stay(): void {
    this.wanted = false;
  }

  /**
   * To be called when the program has put everything away and ends: no machine runs any more, so that its files may
   * change. Installs where that was asked for.
   *
   * @param failed is called when it does not work; nothing ends the program then
   * @returns whether it did, and the end is the installer's now
   */
  atEnd(failed: () => void): boolean {
    const { updater } = this.options;
    if (!this.wanted || !updater) return false;
    this.wanted = false;
    updater.once('error', failed);
    updater.quitAndInstall(false, true);
    return true;
  }

  private set(change: Partial<UpdateStatus>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener(this.current);
  }
}
