import { z } from 'zod';
import { updateStatus } from '../../updates/status';
import { define, nothing, none, hostPath, startedJob } from './define';
import { job } from './job';
import { preferences } from './preferences';

/** The program itself: its windows, updates, preferences, jobs and self-test. */
export const appCommands = define({
  'app.info': {
    params: none,
    result: z.object({
      version: z.string(),
      shell: z.enum(['electron', 'browser']),
      platform: z.string(),
      dataFolder: z.string(),
      /** Whether the shell has native dialogs, a trash, a file manager to show things in. */
      nativeDialogs: z.boolean(),
      canTrash: z.boolean(),
      canShowInFolder: z.boolean(),
      /** Engines under test, such as `fake`, are offered. */
      development: z.boolean(),
    }),
  },
  /**
   * Ends the program; with machines running, what happens to them first. `leave`: the app ends, and the machines run on
   * in the program in the background whose machines it shows; refused where they are the app's own.
   */
  'app.quit': {
    params: z.strictObject({ running: z.enum(['save', 'shutdown', 'power-off', 'leave']) }),
    result: nothing,
  },
  'app.cancelQuit': { params: none, result: nothing },
  /** What the desktop around the program lets it do. */
  'app.desktop': {
    params: none,
    result: z.object({
      /** The desktop has a tray. */
      tray: z.boolean(),
      /** Whether the program starts when the person logs in; null where it cannot see to that. */
      launchAtLogin: z.boolean().nullable(),
      /** The computer can be kept from going to sleep, and tells when it does. */
      sleep: z.boolean(),
      notifications: z.boolean(),
    }),
  },
  'app.setLaunchAtLogin': { params: z.strictObject({ on: z.boolean() }), result: nothing },
  /** Shows one of the program's own folders in the file manager. */
  'app.showFolder': {
    params: z.strictObject({ folder: z.enum(['data', 'logs', 'crashes']) }),
    result: nothing,
  },
  /**
   * Says what a file or folder is to this program. The folder of a machine, or the file in it, is added to the library.
   * @throws Failure `file.*`, `disk.unsupported` for what cannot be opened yet, and those of `machine.open`
   */
  'app.openPath': {
    params: z.strictObject({ path: hostPath }),
    result: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('machine'), id: z.string() }),
      z.object({ kind: z.literal('image'), path: z.string() }),
    ]),
  },
  /**
   * Moves everything that is in the data folder, while no machine runs. When it is done the program starts again, on
   * the new folder; until then it can be cancelled, and nothing has changed.
   */
  'app.moveData': { params: z.strictObject({ folder: hostPath }), result: startedJob, job: true },

  /** Newer versions of the program. Every step is asked for; what it led to comes as `updates.changed`. */
  'updates.get': { params: none, result: updateStatus },
  'updates.check': { params: none, result: updateStatus },
  'updates.download': { params: none, result: nothing },
  'updates.cancel': { params: none, result: nothing },
  /** Ends the program as `app.quit` does, asking first where machines run, and starts the new version. */
  'updates.install': { params: none, result: nothing },

  'job.list': { params: none, result: z.array(job) },
  'job.cancel': { params: z.strictObject({ id: z.string().max(40) }), result: nothing },

  'preferences.get': { params: none, result: preferences },
  'preferences.set': { params: preferences.partial().strict(), result: preferences },

  /** Boots Starter Linux without a screen; the job's result is a `SelftestResult`. */
  'selftest.run': { params: z.strictObject({ engine: z.string().max(16) }), result: startedJob, job: true },
});
