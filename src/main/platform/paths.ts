import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

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

/** Where new sockets go, the best place first. */
function runtimeFolders({ env }: Surroundings): string[] {
  const session = fromEnvironment(env['XDG_RUNTIME_DIR']);
  const temporary = join(tmpdir(), `vivarium-${userInfo().uid}`);
  return session === undefined ? [temporary] : [join(session, 'vivarium'), temporary];
}

/** Whether a folder is this user's, and nobody else can enter it. */
async function isPrivate(folder: string): Promise<boolean> {
  const { uid } = userInfo();
  const status = await lstat(folder).catch(() => undefined);
  if (!status?.isDirectory()) return false;
  return uid < 0 || (status.uid === uid && (status.mode & 0o077) === 0);
}

/**
 * A folder for sockets that only this user can enter; created when missing.
 *
 * @throws Failure `file.denied` when somebody else owns what is there
 */
export async function runtimeFolder(surroundings: Surroundings = here()): Promise<string> {
  for (const folder of runtimeFolders(surroundings)) {
    await mkdir(folder, { mode: 0o700 }).catch(() => undefined);
    // It was there, or it is now; or the session's own folder is gone or read-only, and the other place will do.
    if (await isPrivate(folder)) return folder;
  }
  const folder = join(tmpdir(), `vivarium-${userInfo().uid}`);
  throw new Failure('file.denied', phrase('file.noSocketFolder'), {
    hint: phrase('file.noSocketFolderHint', { folder }),
  });
}

/** A name for a socket that is told from others by `key`. */
const socketName = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 24);

/** The address of a private local socket of this user: a path, or a named pipe on Windows. `key` tells them apart. */
export async function socketAddress(key: string): Promise<string> {
  return process.platform === 'win32'
    ? `\\\\.\\pipe\\vivarium-${socketName(key)}`
    : join(await runtimeFolder(), `${socketName(key)}.sock`);
}

/**
 * Where another program of this user may have opened its socket: whoever asks may belong to another session, or to
 * none, as a task of cron does. Only folders that nobody else can have put something into.
 */
export async function possibleSocketAddresses(
  key: string,
  surroundings: Surroundings = here(),
): Promise<string[]> {
  if (process.platform === 'win32') return [await socketAddress(key)];
  const { uid } = userInfo();
  const ofOthers = [`/run/user/${uid}/vivarium`, `/tmp/vivarium-${uid}`];
  const folders = [...new Set([...runtimeFolders(surroundings), ...ofOthers])];
  const ours = await Promise.all(folders.map(isPrivate));
  return folders.filter((_, index) => ours[index]).map((folder) => join(folder, `${socketName(key)}.sock`));
}
