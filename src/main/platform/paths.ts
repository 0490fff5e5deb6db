import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { Failure } from '@shared/errors';

/** Where this program may put things, by the customs of each system. */
export interface Surroundings {
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
  home: string;
}

const here = (): Surroundings => ({ platform: process.platform, env: process.env, home: homedir() });

/** A folder from the environment counts only when it is absolute (XDG Base Directory Specification). */
function fromEnvironment(value: string | undefined): string | undefined {
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

/** The data folder: `VIVARIUM_DATA`, or the system's place for a program's data. */
export function dataFolder({ platform, env, home }: Surroundings = here()): string {
  if (env['VIVARIUM_DATA']) return resolve(env['VIVARIUM_DATA']);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Vivarium');
  if (platform === 'win32') {
    return join(fromEnvironment(env['LOCALAPPDATA']) ?? join(home, 'AppData', 'Local'), 'Vivarium');
  }
  return join(fromEnvironment(env['XDG_DATA_HOME']) ?? join(home, '.local', 'share'), 'vivarium');
}

/** For what can be had again: it may be deleted at any time while the program does not run. */
export function cacheFolder({ platform, env, home }: Surroundings = here()): string {
  if (env['VIVARIUM_DATA']) return join(resolve(env['VIVARIUM_DATA']), 'cache');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'Vivarium');
  if (platform === 'win32') return join(dataFolder({ platform, env, home }), 'Cache');
  return join(fromEnvironment(env['XDG_CACHE_HOME']) ?? join(home, '.cache'), 'vivarium');
}

/**
 * A folder for sockets that only this user can enter; created when missing.
 *
 * @throws Failure `file.denied` when somebody else owns what is there
 */
export async function runtimeFolder({ env }: Surroundings = here()): Promise<string> {
  const runtime = fromEnvironment(env['XDG_RUNTIME_DIR']);
  const uid = userInfo().uid;
  for (const folder of [runtime && join(runtime, 'vivarium'), join(tmpdir(), `vivarium-${uid}`)]) {
    if (!folder) continue;
    await mkdir(folder, { mode: 0o700 }).catch(() => undefined);
    // It was there, or it is now; or the session's own folder is gone or read-only, and the other place will do.
    const status = await lstat(folder).catch(() => undefined);
    if (!status) continue;
    const ours = status.isDirectory() && (uid < 0 || status.uid === uid);
    if (ours && (uid < 0 || (status.mode & 0o077) === 0)) return folder;
  }
  throw new Failure('file.denied', 'There is no private folder for sockets.', {
    hint: `Remove ${join(tmpdir(), `vivarium-${uid}`)} if it is not yours.`,
  });
}

/** The address of a private local socket of this user: a path, or a named pipe on Windows. `key` tells them apart. */
export async function socketAddress(key: string): Promise<string> {
  const name = createHash('sha256').update(key).digest('hex').slice(0, 24);
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\vivarium-${name}`
    : join(await runtimeFolder(), `${name}.sock`);
}
