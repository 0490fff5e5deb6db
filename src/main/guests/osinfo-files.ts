import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Real files have up to 100 KiB, and there are about a thousand of them. */
const largestFile = 1024 * 1024;
const mostFiles = 5000;
const mostBytes = 64 * 1024 * 1024;
/** `os/<vendor>/<system>.xml`, and `os/<vendor>/<system>.d/<more>.xml` of a computer's own additions. */
const deepest = 2;

/**
 * Where libosinfo's database lies, the most important last: the system's packages, this computer's additions, this
 * user's. `OSINFO_SYSTEM_DIR` and its siblings are libosinfo's own.
 */
export function osinfoFolders(env: Record<string, string | undefined>, home = homedir()): string[] {
  const named = (name: string): string | undefined => {
    const value = env[name];
    return value !== undefined && isAbsolute(value) ? value : undefined;
  };
  const folders = [
    named('OSINFO_SYSTEM_DIR') ?? '/usr/share/osinfo',
    '/usr/local/share/osinfo',
    '/opt/homebrew/share/osinfo',
    named('OSINFO_LOCAL_DIR') ?? '/etc/osinfo',
    join(named('XDG_DATA_HOME') ?? join(home, '.local', 'share'), 'osinfo'),
    named('OSINFO_USER_DIR') ?? join(named('XDG_CONFIG_HOME') ?? join(home, '.config'), 'osinfo'),
  ];
  return [...new Set(folders)];
}

/** Changes when a database is installed, removed or replaced; undefined where there is none. */
export async function stateOf(folders: readonly string[]): Promise<string | undefined> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const status = await stat(join(folder, 'os')).catch(() => undefined); // not installed here
      return status?.isDirectory() ? [`${folder} ${status.mtimeMs}`] : [];
    }),
  );
  const state = found.flat().join('\n');
  return state === '' ? undefined : state;
}

/** The texts of a database's files about systems, as far as they can be read and are of a reasonable size. */
export async function* readSystems(folders: readonly string[]): AsyncGenerator<string> {
  let files = 0;
  let bytes = 0;
  for (const folder of folders) {
    for await (const path of xmlFiles(join(folder, 'os'), deepest)) {
      const status = await stat(path).catch(() => undefined); // gone meanwhile, or not for us
      if (!status?.isFile() || status.size > largestFile) continue;
      if (++files > mostFiles || (bytes += status.size) > mostBytes) return;
      const text = await readFile(path, 'utf8').catch(() => undefined);
      if (text !== undefined) yield text;
    }
  }
}

async function* xmlFiles(folder: string, depth: number): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []); // not there, or not for us
  entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth > 0) yield* xmlFiles(path, depth - 1);
    } else if (entry.name.endsWith('.xml')) yield path;
  }
}
