import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { join } from 'node:path';

/** The program that a command line belongs to, and how it is started. */
export interface Program {
  version: string;
  /** Starts browser mode, with the words that `server/arguments.ts` knows. */
  startServer(words: readonly string[], options: { stdio: StdioOptions; detached?: boolean }): ChildProcess;
  /** Starts the app with its window on a data folder; missing where there is nothing but a browser to open. */
  startApp?(dataFolder: string): ChildProcess;
}

/** The program as built files that Node runs. @param mainFolder `out/main` */
export function nodeProgram(mainFolder: string, version: string): Program {
  return {
    version,
    startServer: (words, options) =>
      spawn(process.execPath, [join(mainFolder, 'server.js'), ...words], options),
  };
}
