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

/**
 * What is to stand in front of a program and its arguments so that it ends with this process. On Linux the kernel can
 * be told to end a process with its parent: `setpriv` of util-linux does so and becomes the program. Empty elsewhere:
 * what outlives us there has to be found at the next start.
 */
export async function dyingWithParent(): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const setpriv = await findProgram('setpriv');
  return setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'TERM', '--'];
}
