import { spawn } from 'node:child_process';
import { app } from 'electron';
import { toFailure } from '@shared/errors';
import { version } from '../../../package.json';
import { exitStatus } from '../cli/exit-status';
import type { Program } from '../cli/program';
import { runCommandLine } from '../cli/run';
import { wordsFor } from './purpose';

/** What Electron was started with that its further processes need as well. */
const inherited = process.argv.filter((word) => word === '--no-sandbox');

/** In a checkout Electron is told which program it is; an installed one is the program. */
const itself = app.isPackaged ? [] : [app.getAppPath()];

/** Windows can be shown to somebody. */
const hasDisplay =
  process.platform !== 'linux' || [process.env['DISPLAY'], process.env['WAYLAND_DISPLAY']].some(Boolean);

const program: Program = {
  version,
  startServer: (words, options) =>
    spawn(process.execPath, [...itself, ...inherited, ...wordsFor('--browser-mode', words)], options),
  ...(hasDisplay && {
    startApp: (dataFolder: string) =>
      spawn(process.execPath, [...itself, ...inherited, `--data=${dataFolder}`], {
        detached: true,
        stdio: 'ignore',
      }),
  }),
};

/** The `vivarium` command of an installed program. @param words what was typed after it */
export function commandLine(words: readonly string[]): void {
  // A reader that has seen enough (`vivarium list | head -1`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    app.exit(error.code === 'EPIPE' ? exitStatus.ok : exitStatus.failed);
  });
  app.on('window-all-closed', () => {});
  runCommandLine(words, program).then(
    // What has been written is on its way; the listener for a terminal must not hold the program.
    (status) => process.stdout.write('', () => process.exit(status)),
    (error: unknown) => {
      console.error(toFailure(error).message);
      process.exit(exitStatus.failed);
    },
  );
}
