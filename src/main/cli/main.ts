import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toFailure } from '@shared/errors';
import { version } from '../../../package.json';
import { exitStatus } from './exit-status';
import { nodeProgram } from './program';
import { runCommandLine } from './run';

/** The `vivarium` command of a checkout: the built files, run by Node. */

// A reader that has seen enough (`vivarium list | head -1`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? exitStatus.ok : exitStatus.failed);
});
runCommandLine(process.argv.slice(2), nodeProgram(dirname(fileURLToPath(import.meta.url)), version)).then(
  (status) => {
    process.exitCode = status;
    // What has been written is on its way; a terminal in raw mode or a listener must not hold the program.
    process.stdout.write('', () => process.exit());
  },
  (error: unknown) => {
    console.error(toFailure(error).message);
    process.exit(exitStatus.failed);
  },
);
