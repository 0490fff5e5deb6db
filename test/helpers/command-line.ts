import { execFile, type ExecFileException } from 'node:child_process';
import { resolve } from 'node:path';

/** How a run of the command line ended, and what it printed without the last line's end. */
export interface Ran {
  status: number;
  out: string;
  error: string;
}

/** The built command line on one data folder. */
export interface CommandLine {
  /** `cli.js --data=…`, for tests that start it themselves. */
  readonly words: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  run(...words: string[]): Promise<Ran>;
  /** The result of a command that must succeed. */
  json(...words: string[]): Promise<unknown>;
  /** Programs in the background that have the data folder. */
  backgroundPids(): Promise<number[]>;
  /** Ends what runs in the background, and waits for that. */
  end(): Promise<void>;
}

export function commandLine(dataFolder: string): CommandLine {
  // Without a desktop, so that nothing opens a browser on whoever runs the tests.
  const env = { ...process.env, VIVARIUM_DEVELOPMENT: '1', DISPLAY: '', WAYLAND_DISPLAY: '' };
  const words = [resolve('out/main/cli.js'), `--data=${dataFolder}`];
  const run = (...more: string[]): Promise<Ran> =>
    new Promise((done) => {
      const ended = (error: ExecFileException | null, out: string, said: string): void =>
        done({ status: error ? Number(error.code ?? -1) : 0, out: out.trimEnd(), error: said.trimEnd() });
      execFile(process.execPath, [...words, ...more], { env, timeout: 90_000, maxBuffer: 2 ** 26 }, ended);
    });
  const backgroundPids = (): Promise<number[]> =>
    new Promise((found) => {
      execFile('pgrep', ['-f', `server.js --data=${dataFolder} `], (_error, out) =>
        found(out.split('\n').filter(Boolean).map(Number)),
      );
    });
  return {
    words,
    env,
    run,
    async json(...more) {
      const { status, out, error } = await run('--json', ...more);
      if (status !== 0) throw new Error(`vivarium ${more.join(' ')} ended with ${status}: ${error}`);
      return out === '' ? undefined : JSON.parse(out);
    },
    backgroundPids,
    async end() {
      if ((await backgroundPids()).length > 0) await run('app', 'quit', 'power-off');
      const giveUpAt = performance.now() + 15_000;
      for (let pids = await backgroundPids(); pids.length > 0; pids = await backgroundPids()) {
        if (performance.now() > giveUpAt) for (const pid of pids) process.kill(pid, 'SIGKILL');
        await new Promise((wait) => setTimeout(wait, 100));
      }
    },
  };
}
