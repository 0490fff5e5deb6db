import { app } from 'electron';
import electronUpdater from 'electron-updater';
import type { Shell } from '../../platform/shell';
import { netFetch } from './net-fetch';
import { updatedBy } from './updated-by';
import { type Updater, Updates } from './updates';

/** A connection that brings nothing for so long is given up; the waits before the next attempts. Milliseconds. */
const stallMs = 30_000;
const retryDelaysMs = [1_000, 3_000, 10_000];

/** Newer versions of this program, by the proxies and certificates that the computer has been given. */
export function electronUpdates(): Updates {
  const by = updatedBy({
    platform: process.platform,
    packaged: app.isPackaged,
    program: process.execPath,
    resources: process.resourcesPath,
    env: process.env,
  });
  return new Updates({
    by,
    // Made for the system that it runs on when it is asked for; elsewhere never.
    updater: by === 'itself' ? (electronUpdater.autoUpdater as Updater) : undefined,
    http: {
      fetch: netFetch,
      allowHttpLoopback: false,
      stallMs,
      retryDelaysMs,
    },
    requestQuit: () => app.quit(),
  });
}

/** The shell with updates: what was downloaded is installed after everything has been put away. */
export function withUpdates(shell: Shell, updates: Updates): Shell {
  app.on('will-quit', (event) => {
    // The end comes once more, from the installer, or from here where that fails.
    if (updates.atEnd(() => app.exit(1))) event.preventDefault();
  });
  return {
    ...shell,
    updates,
    quitCancelled() {
      updates.stay();
      shell.quitCancelled?.();
    },
  };
}
