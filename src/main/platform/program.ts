import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** The full path of a program that a shell would find under `name`; undefined when there is none. */
export async function findProgram(
  name: string,
  env: Record<string, string | undefined> = process.env,
): Promise<string | undefined> {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    // A relative entry would run whatever lies in the current folder.
    if (!isAbsolute(folder)) continue;
    for (const suffix of suffixes) {
      const path = join(folder, name + suffix);
      try {
        await access(path, constants.X_OK);
        if ((await stat(path)).isFile()) return path;
      } catch {
        continue; // not here; the next entry may have it
      }
    }
  }
  return undefined;
}

/**
 * Runs a program to its end and resolves to what it printed. No shell is involved.
 *
 * @throws the error of `node:child_process` when it cannot be started, fails, or takes longer than `timeoutMs`
 */
export function runProgram(path: string, args: readonly string[], timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, maxBuffer: 1024 * 1024, windowsHide: true };
    execFile(path, [...args], options, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout);
    });
  });
}

/** Starts a program that outlives this one, such as the system's browser. Resolves when it runs. */
export function launchProgram(path: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, [...args], { detached: true, stdio: 'ignore', windowsHide: true });
    child.on('error', reject);
    child.on('spawn', () => {
      child.unref();
      resolve();
    });
  });
}

/** Asks a program that `withOurEnd` guards to end: the one signal of that kind that still reaches it. */
export const endSignal = 'SIGINT';

/**
 * What is to stand in front of a program and its arguments so that its end is this process's to decide. On Linux the
 * kernel can be told to end a process with its parent (`setpriv` of util-linux), and the signals that the end of a
 * session or of a service sends to every process in it can be kept from it (`env` of coreutils 8.31 or later): what it
 * is doing can be put away before it is ended. Both become the program. Empty elsewhere: what outlives us there has to
 * be found at the next start.
 */
export async function withOurEnd(): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const setpriv = await findProgram('setpriv');
  if (setpriv === undefined) return [];
  return [setpriv, '--pdeathsig', endSignal.slice('SIG'.length), '--', ...(await blockingSignals())];
}

/** Looked for once: programs of the system do not change while this one runs. */
let blocking: Promise<string[]> | undefined;

function blockingSignals(): Promise<string[]> {
  return (blocking ??= findProgram('env').then(async (env) => {
    if (env === undefined) return [];
    const words = [env, '--block-signal=TERM', '--block-signal=HUP'];
    return runProgram(env, [...words.slice(1), env], probeMs).then(
      () => words,
      () => [], // one that does not know the option
    );
  }));
}

/** How long `env` may take to begin, in milliseconds. */
const probeMs = 10_000;
